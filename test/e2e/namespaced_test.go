package e2e

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/test/livesim"
)

var _ = Describe("Two releases in namespaced mode, side by side", Ordered, func() {
	var red, blue release
	// The namespaces that red serves, that blue serves, and that nobody does.
	var redTeam, blueTeam, noTeam *tenant

	BeforeAll(func(ctx SpecContext) {
		red = newRelease(ctx, "live-operator-red", "live-e2e-red")
		blue = newReleaseWithoutCRD(ctx, "live-operator-blue", "live-e2e-blue")
		redTeam, blueTeam, noTeam = newTenant(ctx, "live-e2e-red-team"), newTenant(ctx, "live-e2e-blue-team"), newTenant(ctx, "live-e2e-no-team")
		red.install(chart, "watchNamespaces={"+redTeam.namespace+"}", "replicas=1")
		blue.install(chart, "watchNamespaces={"+blueTeam.namespace+"}", "replicas=1", "crds.enabled=false")
		for _, t := range []*tenant{redTeam, blueTeam, noTeam} {
			t.create(ctx, "sport")
		}
		redTeam.eventuallyReady(ctx, "sport")
		blueTeam.eventuallyReady(ctx, "sport")
	}, NodeTimeout(3*time.Minute))

	// tellers are the pods that told of what happened in a namespace.
	tellers := func(ctx context.Context, t *tenant) []string {
		GinkgoHelper()
		var events eventsv1.EventList
		Expect(k8s.List(ctx, &events, client.InNamespace(t.namespace))).To(Succeed())
		var pods []string
		for _, e := range events.Items {
			if e.Regarding.Kind == "RecordCallbackConfig" {
				pods = append(pods, e.ReportingInstance)
			}
		}
		return pods
	}

	It("each serve their own namespaces, and no other", func(ctx SpecContext) {
		for _, own := range []struct {
			release
			*tenant
		}{{red, redTeam}, {blue, blueTeam}} {
			Expect(own.calls(ctx, livesim.Create)).To(HaveLen(1))
			for pod := range own.pods(ctx) {
				Eventually(tellers).WithContext(ctx).WithArguments(ctx, own.tenant).Should(
					And(Not(BeEmpty()), HaveEach(HaveSuffix(pod))), "waiting for the events of %s", own.name)
			}
		}
		Expect(noTeam.get(ctx, "sport").Status.Conditions).To(BeEmpty())
		Expect(noTeam.calls(ctx)).To(BeEmpty())
	})

	It("have rights in their own namespaces alone, and none in the cluster", func(ctx SpecContext) {
		Expect(clusterWide(ctx, red.name)).To(BeEmpty())
		Expect(clusterWide(ctx, blue.name)).To(BeEmpty())
		may := func(r release, in, group, resource, verb string) bool {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User:   "system:serviceaccount:" + r.namespace + ":" + r.name,
				Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + r.namespace, "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: in, Group: group, Resource: resource, Verb: verb,
				},
			}}
			Expect(k8s.Create(ctx, review)).To(Succeed())
			return review.Status.Allowed
		}
		for _, verb := range []string{"get", "list", "watch"} {
			Expect(may(red, redTeam.namespace, "", "secrets", verb)).To(BeTrue(), verb)
			Expect(may(red, redTeam.namespace, "live.huaweicloud.com", "recordcallbackconfigs", verb)).To(BeTrue(), verb)
			for _, other := range []string{blueTeam.namespace, noTeam.namespace, blue.namespace, ""} {
				Expect(may(red, other, "", "secrets", verb)).To(BeFalse(), verb+" "+other)
				Expect(may(red, other, "live.huaweicloud.com", "recordcallbackconfigs", verb)).To(BeFalse(), verb+" "+other)
			}
		}
	})

	It("do not stand in for each other", func(ctx SpecContext) {
		kubectl("scale", "deployment/"+red.name, "--namespace", red.namespace, "--replicas=0")
		Eventually(func() int { return len(red.pods(ctx)) }).WithContext(ctx).Should(BeZero(), "waiting for red's pod to end")
		redTeam.callBack(ctx, "sport", "https://callback.example.com/red")
		blueTeam.callBack(ctx, "sport", "https://callback.example.com/blue")
		blueTeam.eventuallyReady(ctx, "sport")
		Expect(blueTeam.remote(ctx)).To(ConsistOf(HaveField("NotifyCallbackURL", "https://callback.example.com/blue")))
		Expect(redTeam.calls(ctx, livesim.Update)).To(BeEmpty())

		kubectl("scale", "deployment/"+red.name, "--namespace", red.namespace, "--replicas=1")
		redTeam.eventuallyReady(ctx, "sport")
		Expect(redTeam.remote(ctx)).To(ConsistOf(HaveField("NotifyCallbackURL", "https://callback.example.com/red")))
	})
})
