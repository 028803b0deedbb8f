package outbound

import (
	"strings"
	"testing"
)

func TestSettingsCheck(t *testing.T) {
	client := Settings{ClientID: "c", ClientSecret: "s"}
	for name, c := range map[string]struct {
		settings Settings
		gateways []string
		want     string // "" for none
	}{
		"nothing":                    {Settings{}, nil, ""},
		"a workload identity":        {Settings{WorkloadIdentity: "w"}, nil, ""},
		"a client":                   {client, []string{"g"}, ""},
		"a client by ARN":            {Settings{ClientID: "c", ClientSecretARN: "arn"}, []string{"g"}, ""},
		"a client for every gateway": {client, nil, "needs --gateway"},
		"a client without a secret":  {Settings{ClientID: "c"}, []string{"g"}, SecretVariable},
		"an ARN without a client":    {Settings{ClientSecretARN: "arn"}, []string{"g"}, "needs --gateway-client-id"},
		"a provider":                 {Settings{CredentialProvider: "p", WorkloadIdentity: "w"}, nil, ""},
		"a provider for nobody":      {Settings{CredentialProvider: "p"}, nil, "needs --workload-identity"},
		"both":                       {Settings{ClientID: "c", ClientSecret: "s", CredentialProvider: "p", WorkloadIdentity: "w"}, []string{"g"}, "give one of them"},
	} {
		err := c.settings.Check(c.gateways)
		if err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
