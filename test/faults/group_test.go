package faults

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

// atOnce is how many cells of a group are under way at a time.
const atOnce = 32

// group is the cells of one operation, with an operator and a simulator that
// nobody else uses. Each cell has a resource, a project, a Secret and a door of
// its own, so that its fault touches no other.
type group struct {
	operation *operation
	cells     []*cell

	sim       *livesim.Simulator
	namespace string
	history   *history
	// certificate is what doors show, and stranger what they should not.
	certificate, stranger tls.Certificate

	mu sync.Mutex
	// armed are the cells, by their project, whose connection is to break when
	// the call before has been answered.
	armed map[string]*cell
}

func newGroup(o *operation) *group {
	g := &group{operation: o, armed: map[string]*cell{}}
	for i := range catalog {
		for _, lasting := range []bool{false, true} {
			c := &cell{group: g, fault: &catalog[i], lasting: lasting, project: newID()}
			// The first addresses of 127.0.0.0/24 may be in use.
			c.region = strconv.Itoa(10 + len(g.cells))
			g.cells = append(g.cells, c)
		}
	}
	return g
}

// run puts every cell through its fault.
func (g *group) run(ctx context.Context) {
	GinkgoHelper()
	g.sim = livesim.New(livesim.Options{
		// Uniqueness is inferred and not documented, so it may not be leaned on.
		Behavior: livesim.Behavior{AllowDuplicates: true},
		OnCall:   g.called,
	})
	DeferCleanup(g.sim.Close)
	port, trusted := g.openDoors(ctx)
	g.namespace, g.history = newNamespace(ctx)
	endpoint := "https://" + addressOf("{region}") + ":" + port
	op, err := binary.Start(ctx, cluster.Kubeconfig, "--live-endpoint="+endpoint, "--iam-endpoint="+endpoint,
		"--ca-bundle="+trusted, "--api-timeout="+callTimeout.String(), "--max-concurrent-reconciles=64")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(op.Stop()).To(Succeed(), "the operator ends well on SIGTERM")
		AddReportEntry("operator's log", op.Log(), ReportEntryVisibilityFailureOrVerbose)
	})

	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for _, c := range g.cells {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c.run(ctx)
		})
	}
	running.Wait()
}

// addressOf is the address of a cell's door: the region is its last part, so
// that one endpoint template leads to them all.
func addressOf(region string) string { return "127.0.0." + region }

// openDoors opens the door of each cell, all on one port. It gives the port, and
// the file of the authority to trust.
func (g *group) openDoors(ctx context.Context) (port, trusted string) {
	GinkgoHelper()
	var hosts []string
	for _, c := range g.cells {
		hosts = append(hosts, addressOf(c.region))
	}
	var ca []byte
	var err error
	g.certificate, ca, err = livesim.NewCertificate(hosts...)
	Expect(err).NotTo(HaveOccurred())
	g.stranger, _, err = livesim.NewCertificate(hosts...)
	Expect(err).NotTo(HaveOccurred())
	trusted = filepath.Join(GinkgoT().TempDir(), "ca.pem")
	Expect(os.WriteFile(trusted, ca, 0o600)).To(Succeed())

	port = "0"
	for i, c := range g.cells {
		c.door, err = g.sim.Door(ctx, net.JoinHostPort(hosts[i], port), &g.certificate)
		Expect(err).NotTo(HaveOccurred())
		_, port, err = net.SplitHostPort(c.door.Address())
		Expect(err).NotTo(HaveOccurred())
	}
	return port, trusted
}

// called sees each call before its answer leaves.
func (g *group) called(call livesim.Call) {
	if call.Operation != g.operation.before {
		return
	}
	g.mu.Lock()
	c := g.armed[call.Project]
	delete(g.armed, call.Project)
	g.mu.Unlock()
	if c != nil {
		c.fault.breaks(c)
	}
}

// arm has the connection of the cell break when the call before is answered.
func (g *group) arm(c *cell) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed[c.project] = c
}
