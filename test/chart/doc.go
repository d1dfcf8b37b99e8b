// Package chart tests what the Helm chart renders, with the helm of
// hack/tools/helm: the one that the environment variable HELM names, else
// bin/helm, else one that is built for the tests.
package chart
