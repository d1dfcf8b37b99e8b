package e2e

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

// When a spec fails, what the cluster looks like then is told, before anything
// is cleaned up. Secrets are not among it.
var _ = JustAfterEach(func() {
	if !CurrentSpecReport().Failed() || path == "" {
		return
	}
	tell := func(args ...string) string {
		stdout, stderr, err := try("", "kubectl", args...)
		GinkgoWriter.Printf("\n$ kubectl %s\n%s%s", strings.Join(args, " "), stdout, stderr)
		if err != nil {
			GinkgoWriter.Println(err)
		}
		return stdout
	}
	tell("get", "pods", "--all-namespaces", "--output=wide")
	tell("get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
	tell("get", "rcc", "--all-namespaces", "--output=yaml")
	const ours = "app.kubernetes.io/name in (live-operator, livesim)"
	tell("describe", "pods", "--all-namespaces", "--selector="+ours)
	for line := range strings.Lines(tell("get", "pods", "--all-namespaces", "--selector="+ours, "--no-headers",
		"--output=custom-columns=:metadata.namespace,:metadata.name,:status.containerStatuses[0].restartCount")) {
		pod := strings.Fields(line)
		tell("logs", "--namespace="+pod[0], pod[1], "--tail=500")
		if pod[2] != "0" && pod[2] != "<none>" {
			tell("logs", "--namespace="+pod[0], pod[1], "--tail=500", "--previous")
		}
	}
})
