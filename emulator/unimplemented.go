package emulator

import (
	data "github.com/aws/aws-sdk-go-v2/service/bedrockagentcore/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/schemas"
	"github.com/aws/smithy-go"
)

// unimplemented are the operations of control plane and data plane that this
// package routes only to say so, each in alphabetical order.
func unimplemented() []*smithy.Schema {
	return []*smithy.Schema{
		schemas.AddDatasetExamples, schemas.BatchPutGatewayRateLimits, schemas.CreateBrowser, schemas.CreateBrowserProfile,
		schemas.CreateCapacityProvider, schemas.CreateCodeInterpreter, schemas.CreateConfigurationBundle,
		schemas.CreateConsentPortal, schemas.CreateDataset, schemas.CreateDatasetVersion, schemas.CreateEvaluator,
		schemas.CreateGatewayRateLimit, schemas.CreateHarness, schemas.CreateHarnessEndpoint,
		schemas.CreateMemory, schemas.CreateOnlineEvaluationConfig, schemas.CreatePaymentConnector,
		schemas.CreatePaymentCredentialProvider, schemas.CreatePaymentManager,
		schemas.CreateRegistry, schemas.CreateRegistryRecord, schemas.DeleteBrowser,
		schemas.DeleteBrowserProfile, schemas.DeleteCapacityProvider, schemas.DeleteCodeInterpreter,
		schemas.DeleteConfigurationBundle, schemas.DeleteConsentPortal, schemas.DeleteDataset, schemas.DeleteDatasetExamples,
		schemas.DeleteEvaluator, schemas.DeleteGatewayRateLimit, schemas.DeleteHarness,
		schemas.DeleteHarnessEndpoint, schemas.DeleteMemory, schemas.DeleteOnlineEvaluationConfig,
		schemas.DeletePaymentConnector, schemas.DeletePaymentCredentialProvider, schemas.DeletePaymentManager,
		schemas.DeleteRegistry, schemas.DeleteRegistryRecord,
		schemas.DeleteResourcePolicy, schemas.GetBrowser, schemas.GetBrowserProfile, schemas.GetCapacityProvider,
		schemas.GetCodeInterpreter, schemas.GetConfigurationBundle, schemas.GetConfigurationBundleVersion,
		schemas.GetConsentPortal, schemas.GetDataset, schemas.GetEvaluator, schemas.GetGatewayRateLimit,
		schemas.GetHarness, schemas.GetHarnessEndpoint, schemas.GetMemory,
		schemas.GetOnlineEvaluationConfig, schemas.GetPaymentConnector, schemas.GetPaymentCredentialProvider,
		schemas.GetPaymentManager, schemas.GetPolicyEngineSummary,
		schemas.GetPolicyGeneration, schemas.GetPolicyGenerationSummary, schemas.GetPolicySummary, schemas.GetRegistry,
		schemas.GetRegistryRecord, schemas.GetResourcePolicy, schemas.GetTokenVault,
		schemas.ListAgentRuntimeVersionsByCapacityProvider, schemas.ListBrowserProfiles, schemas.ListBrowsers,
		schemas.ListCapacityProviders, schemas.ListCodeInterpreters, schemas.ListConfigurationBundleVersions,
		schemas.ListConfigurationBundles, schemas.ListConsentPortals, schemas.ListDatasetExamples, schemas.ListDatasetVersions,
		schemas.ListDatasets, schemas.ListEvaluators, schemas.ListGatewayRateLimits,
		schemas.ListHarnessEndpoints, schemas.ListHarnessVersions, schemas.ListHarnesses, schemas.ListMemories,
		schemas.ListOnlineEvaluationConfigs, schemas.ListPaymentConnectors, schemas.ListPaymentCredentialProviders,
		schemas.ListPaymentManagers, schemas.ListPolicyEngineSummaries,
		schemas.ListPolicyGenerationAssets, schemas.ListPolicyGenerationSummaries, schemas.ListPolicyGenerations,
		schemas.ListPolicySummaries, schemas.ListRegistries, schemas.ListRegistryRecords,
		schemas.PutResourcePolicy, schemas.ResetTokenVaultKeyMaterial, schemas.RotatePaymentConnectorCredentials,
		schemas.SetTokenVaultCMK, schemas.StartPolicyGeneration, schemas.SubmitRegistryRecordForApproval,
		schemas.UpdateCapacityProvider, schemas.UpdateConfigurationBundle, schemas.UpdateConsentPortal,
		schemas.UpdateDataset, schemas.UpdateDatasetExamples, schemas.UpdateEvaluator, schemas.UpdateGatewayRateLimit,
		schemas.UpdateHarness, schemas.UpdateHarnessEndpoint, schemas.UpdateMemory,
		schemas.UpdateOnlineEvaluationConfig, schemas.UpdatePaymentConnector, schemas.UpdatePaymentCredentialProvider,
		schemas.UpdatePaymentManager, schemas.UpdateRegistry,
		schemas.UpdateRegistryRecord, schemas.UpdateRegistryRecordStatus,
		data.BatchCreateMemoryRecords, data.BatchDeleteMemoryRecords, data.BatchUpdateMemoryRecords, data.CreateABTest,
		data.CreateEvent, data.CreatePaymentInstrument, data.CreatePaymentSession, data.DeleteABTest,
		data.DeleteBatchEvaluation, data.DeleteCapacityProviderSession, data.DeleteEvent, data.DeleteMemoryRecord,
		data.DeletePaymentInstrument, data.DeletePaymentSession, data.DeleteRecommendation, data.Evaluate, data.GetABTest,
		data.GetAgentCard, data.GetBatchEvaluation, data.GetBrowserSession, data.GetCodeInterpreterSession, data.GetEvent,
		data.GetMemoryRecord, data.GetPaymentInstrument, data.GetPaymentInstrumentBalance, data.GetPaymentSession,
		data.GetRecommendation, data.GetResourcePaymentToken, data.GetWorkloadAccessTokenForJWT,
		data.GetWorkloadAccessTokenForUserId, data.IngestData, data.InvokeAgentRuntimeCommand, data.InvokeBrowser,
		data.InvokeCodeInterpreter, data.InvokeHarness, data.ListABTests, data.ListActors, data.ListBatchEvaluations,
		data.ListBrowserSessions, data.ListCodeInterpreterSessions, data.ListEvents, data.ListMemoryExtractionJobs,
		data.ListMemoryRecords, data.ListPaymentInstruments, data.ListPaymentSessions, data.ListRecommendations,
		data.ListSessions, data.ProcessPayment, data.RetrieveMemoryRecords, data.SaveBrowserSessionProfile,
		data.SearchRegistryRecords, data.StartBatchEvaluation, data.StartBrowserSession, data.StartCodeInterpreterSession,
		data.StartMemoryExtractionJob, data.StartRecommendation, data.StopBatchEvaluation, data.StopBrowserSession,
		data.StopCodeInterpreterSession, data.StopRuntimeSession, data.UpdateABTest, data.UpdateBrowserStream,
	}
}
