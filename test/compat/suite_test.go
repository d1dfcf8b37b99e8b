// Package compat_test lets clients that are not ours judge the simulator: the
// vendor's own SDK for the Live API, and gophercloud for IAM. Where the SDK
// and the simulator differ, the SDK is right.
package compat_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestCompat(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Compatibility of the simulator with other clients")
}
