// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"sigs.k8s.io/yaml"
)

// What is of interest in the upstream format.
type report struct {
	Profiles []struct {
		Name     string `json:"name"`
		Core     status `json:"core"`
		Extended struct {
			status
			UnsupportedFeatures []string `json:"unsupportedFeatures"`
		} `json:"extended"`
	} `json:"profiles"`
}

type status struct {
	Result       string   `json:"result"`
	SkippedTests []string `json:"skippedTests"`
	FailedTests  []string `json:"failedTests"`
	Statistics   struct {
		Passed  int `json:"Passed"`
		Skipped int `json:"Skipped"`
		Failed  int `json:"Failed"`
	} `json:"statistics"`
}

const wantedProfiles = 5

// Features that the suite names but has no test for, and that hang on the cluster: on its version, or on how Gateways
// get their addresses.
var untested = []string{
	"ClusterTrustBundle", "GatewayAddressRoutabilityCluster",
	"HTTPRouteRetryBackendTimeout", // of v1.6, gone in v1.7, where it contradicts the rules of retries
}

// Judge says what is not as it should be: each profile succeeds in full.
func Judge(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var read report
	if err := yaml.Unmarshal(text, &read); err != nil {
		return err
	}
	var wrong []error
	if len(read.Profiles) != wantedProfiles {
		wrong = append(wrong, fmt.Errorf("%d profiles instead of %d", len(read.Profiles), wantedProfiles))
	}
	for _, profile := range read.Profiles {
		unsupported := slices.DeleteFunc(profile.Extended.UnsupportedFeatures,
			func(name string) bool { return slices.Contains(untested, name) })
		if len(unsupported) > 0 {
			wrong = append(wrong, fmt.Errorf("%s: not supported: %v", profile.Name, unsupported))
		}
		for level, each := range map[string]status{"core": profile.Core, "extended": profile.Extended.status} {
			if each.Result != "success" || each.Statistics.Failed+each.Statistics.Skipped > 0 {
				wrong = append(wrong, fmt.Errorf("%s, %s: %s, failed %v, skipped %v",
					profile.Name, level, each.Result, each.FailedTests, each.SkippedTests))
			}
			fmt.Printf("%s, %s: %d passed\n", profile.Name, level, each.Statistics.Passed)
		}
	}
	return errors.Join(wrong...)
}
