package credentials

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/builder"
	"github.com/live-operator/live-operator/test/harness"
)

const (
	// unrelated Secrets of so many bytes each.
	unrelated     = 1000
	unrelatedSize = 100 << 10
	// mostMore is what they may add to the operator, in KiB.
	mostMore = 20 << 10
)

var _ = Describe("Memory", func() {
	It("does not grow with Secrets that the operator has nothing to do with", func(ctx SpecContext) {
		if _, err := os.Stat("/proc/self/status"); err != nil {
			Skip("the resident set is read from /proc")
		}
		plain, err := harness.BuildPlain(ctx)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(plain.Remove)
		t := newTenant(ctx)
		token := newID()
		sim.AddToken(token, t.project)
		t.secret(ctx, builder.Secret(secretName).WithToken(token))
		t.apply(ctx, "sport")

		without := measure(ctx, t, plain)
		others := newTenant(ctx)
		for i := range unrelated {
			secret := builder.Secret(fmt.Sprintf("unrelated-%d", i)).With("content", strings.Repeat(newID(), unrelatedSize/32)).Build()
			annotate(secret)
			others.create(ctx, secret)
		}
		DeferCleanup(func(ctx SpecContext) {
			Expect(cluster.Client.DeleteAllOf(ctx, &corev1.Secret{}, client.InNamespace(others.namespace))).To(Succeed())
		})
		with := measure(ctx, t, plain)
		AddReportEntry("resident set", fmt.Sprintf("without: %v; with: %v (KiB)", without, with))
		Expect(with.now).To(BeNumerically("<", without.now+mostMore))
		Expect(with.most).To(BeNumerically("<", without.most+2*mostMore), "while it lists them, garbage comes on top")
	}, SpecTimeout(6*time.Minute))
})

// resident is the resident set of a process, in KiB.
type resident struct{ now, most int }

// measure runs an operator until it has done its work and settled.
func measure(ctx context.Context, t *tenant, b harness.Binary) resident {
	GinkgoHelper()
	Expect(op.Stop()).To(Succeed())
	op = start(ctx, b, nil, cluster.Kubeconfig)
	defer func() {
		Expect(op.Stop()).To(Succeed())
		op = start(ctx, binary, nil, cluster.Kubeconfig)
	}()
	// It is seen to work, so its caches are filled.
	t.eventuallyReady(ctx, "sport")
	t.changeURL(ctx, "sport")
	t.eventuallyReady(ctx, "sport")
	t.secret(ctx, builder.Secret(secretName).WithToken("wrong"))
	t.eventually(ctx, "sport", "Unauthorized", 30*time.Second)
	token := newID()
	sim.AddToken(token, t.project)
	t.secret(ctx, builder.Secret(secretName).WithToken(token))
	t.eventuallyReady(ctx, "sport")
	return residentOf(op.PID())
}

func residentOf(pid int) resident {
	GinkgoHelper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }()
	var r resident
	for lines := bufio.NewScanner(file); lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &r.now)
		_, _ = fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &r.most)
	}
	Expect(r.now).To(BeNumerically(">", 0))
	return r
}
