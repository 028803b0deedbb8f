// Package aws is the project's one client of Amazon Bedrock AgentCore: the
// control plane's operations on gateways and targets as plain Go values,
// iterators over pages, errors that can be told apart, and waiting.
//
// It decides nothing: what to do next with a gateway belongs to package
// gateway. Inside this package the SDK's own package of the same name needs no
// alias, and no other client code imports the SDK.
package aws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcore"
	control "github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"

	"agentcore-gateway-mcp/loopback"
)

// Options say where and as whom to call.
type Options struct {
	Region   string // "" for the SDK's own search: AWS_REGION, then the profile
	Profile  string // "" for AWS_PROFILE, then "default"
	Endpoint string // "" for the SDK's own search: AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, AWS_ENDPOINT_URL, then the region's

	// ReadRate and WriteRate are how often a second each operation may be called,
	// for accounts whose quotas were raised; 0 for AWS's defaults.
	ReadRate, WriteRate float64

	Log *slog.Logger // learns of attempts that fail and are made again; nil for none
}

// Client calls the AgentCore control plane of one account and region, within
// AWS's request rates. It is safe for concurrent use.
type Client struct {
	control *control.Client
	data    *bedrockagentcore.Client
	secrets *secretsmanager.Client
	local   bool
	skew    *atomic.Int64 // of AWS's clock against ours, in nanoseconds, as its answers show it
	trouble *atomic.Pointer[Trouble]
	poll    pollSchedule

	requests *Requests // that change something; nil keeps none
}

// New returns a client. Nothing is called: missing credentials or a missing
// region show with the first operation. The error is a broken configuration
// file, an unknown profile, an endpoint that is not a URL, or a negative rate.
//
// When the endpoint is on a loopback address the client is Local: it then
// signs with made-up credentials, so that real ones never reach a local
// process, and takes us-east-1 when no region is set.
func New(ctx context.Context, o Options) (*Client, error) {
	if !(o.ReadRate >= 0 && o.WriteRate >= 0) {
		return nil, errors.New("the request rates are not positive numbers: give how often a second an operation may be called, such as 20")
	}
	cfg, err := configuration(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w: check --profile and the files in ~/.aws", err)
	}
	if cfg.Region == "" {
		cfg.APIOptions = append(cfg.APIOptions, refuseWithoutRegion)
	}
	if cfg.Credentials != nil {
		cfg.Credentials = markedCredentials{cfg.Credentials}
	}
	endpoint := o.Endpoint
	if endpoint == "" {
		endpoint = aws.ToString(control.NewFromConfig(cfg).Options().BaseEndpoint)
	}
	local := false
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("the AgentCore endpoint is not a URL: give one such as http://127.0.0.1:8042")
		}
		local = loopback.Host(u.Hostname())
	}
	c := &Client{local: local, skew: new(atomic.Int64), trouble: new(atomic.Pointer[Trouble]), poll: pollSchedule{first: 500 * time.Millisecond, most: 3 * time.Second}}
	if c.local {
		c.poll = pollSchedule{first: 40 * time.Millisecond, most: 400 * time.Millisecond}
		cfg = localConfig(cfg, endpoint)
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	rates := newLimiter(o.ReadRate, o.WriteRate)
	c.control = control.NewFromConfig(cfg, func(so *control.Options) {
		if endpoint != "" {
			so.BaseEndpoint = &endpoint
		}
		so.Retryer = safeRetries()
		so.APIOptions = append(so.APIOptions, c.watchTrouble(log), rates.add, c.watchClock)
	})
	c.data = bedrockagentcore.NewFromConfig(cfg, func(so *bedrockagentcore.Options) { so.Retryer = safeRetries() })
	c.secrets = secretsmanager.NewFromConfig(cfg)
	return c, nil
}

// configuration is the user's, but for a local AgentCore that is named, which needs none:
// a profile that does not exist, or a broken file, is then of no matter.
func configuration(ctx context.Context, o Options) (aws.Config, error) {
	if u, err := url.Parse(o.Endpoint); err == nil && loopback.Host(u.Hostname()) {
		return aws.Config{Region: o.Region}, nil
	}
	var load []func(*config.LoadOptions) error
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	return config.LoadDefaultConfig(ctx, load...)
}

// localConfig leads every service to the local AgentCore.
func localConfig(cfg aws.Config, endpoint string) aws.Config {
	if cfg = cfg.Copy(); cfg.Region == "" {
		cfg.Region = "us-east-1"
		cfg.APIOptions = nil
	}
	cfg.BaseEndpoint = &endpoint
	cfg.ConfigSources = nil // which would lead some of them elsewhere
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local", Source: "local AgentCore"}, nil
	})
	return cfg
}

// Now is the time by AWS's clock, as far as an answer has shown it: its times of
// targets are compared with it.
func (c *Client) Now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

// watchClock keeps how far AWS's clock is from ours. Its answers tell the second that
// has begun, so Now is up to a second early; a smaller difference is none.
func (c *Client) watchClock(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ClockSkew",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			if skew, ok := awsmiddleware.GetAttemptSkew(metadata); ok {
				if skew.Abs() < 2*time.Second {
					skew = 0
				}
				c.skew.Store(int64(skew))
			}
			return out, metadata, err
		}), "Retry", middleware.After)
}

// Local reports whether the control plane is on a loopback address, that is,
// the local AgentCore rather than AWS.
func (c *Client) Local() bool { return c.local }

// Region is the AWS region that operations go to, "" when none is configured.
func (c *Client) Region() string { return c.control.Options().Region }

// safeRetries are for calls that change nothing, or carry an idempotency token:
// they retry whatever the SDK holds to be safe: throttling, 5xx, resets.
// The SDK's client-side retry quota is off: under steady throttling it runs
// dry and fails calls that would have gone through; the limiter in front and
// the attempts below bound the load instead.
func safeRetries() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 8
		o.MaxBackoff = 5 * time.Second
		o.RateLimiter = ratelimit.None
		// Where nobody listens nobody will in a moment: say so at once.
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, syscall.ECONNREFUSED) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// throttledRetries are for calls that change something: they retry throttling
// only. Update, Synchronize and Delete carry no
// idempotency token: after a reset or a 5xx nobody knows whether the work has
// begun, so the caller must look before it sends again (ErrUncertain).
func throttledRetries(o *control.Options) {
	o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
		so.MaxAttempts = 8
		so.MaxBackoff = 5 * time.Second
		so.RateLimiter = ratelimit.None
		so.Retryables = []retry.IsErrorRetryable{retry.NoRetryCanceledError{}, retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	})
}

// refuseWithoutRegion answers before the SDK looks for credentials, whose
// absence would hide that the region is missing as well.
func refuseWithoutRegion(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("NoRegion",
		func(context.Context, middleware.InitializeInput, middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return middleware.InitializeOutput{}, middleware.Metadata{}, errNoRegion
		}), middleware.Before)
}

// withStack is a call's own middleware.
func withStack(add func(*middleware.Stack) error) func(*control.Options) {
	return func(o *control.Options) { o.APIOptions = append(o.APIOptions, add) }
}
