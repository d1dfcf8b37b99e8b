package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/live-operator/live-operator/internal/credentials"
	"github.com/live-operator/live-operator/internal/live"
)

var _ = Describe("The cache", func() {
	var (
		ctx   context.Context
		clock *clocktesting.FakeClock
		cache *credentials.Cache
	)
	BeforeEach(func() {
		ctx = context.Background()
		clock = clocktesting.NewFakeClock(start)
		cache = cacheAt(clock, "")
	})
	source := func(uid, version string) credentials.Source {
		return credentials.Source{UID: uid, ResourceVersion: version}
	}
	unread := func(context.Context) (credentials.Source, map[string][]byte, error) {
		defer GinkgoRecover()
		Fail("the Secret is kept, and must not be read")
		return credentials.Source{}, nil, nil
	}

	It("reads a version once", func() {
		first := read(cache, "uid", "7", tokenData("t"))
		Expect(first.ID()).To(Equal("uid/7"))
		Expect(first.Kind()).To(Equal(credentials.KindToken))
		Expect(cache.Get(ctx, source("uid", "7"), unread)).To(BeIdenticalTo(first))
	})

	It("reads a Secret once for all who want it at the same time", func() {
		var reads atomic.Int32
		release := make(chan struct{})
		fetch := func(ctx context.Context) (credentials.Source, map[string][]byte, error) {
			reads.Add(1)
			<-release
			return source("uid", "1"), tokenData("t"), ctx.Err()
		}
		var done sync.WaitGroup
		for range 50 {
			done.Go(func() {
				defer GinkgoRecover()
				_, err := cache.Get(ctx, source("uid", "1"), fetch)
				Expect(err).NotTo(HaveOccurred())
			})
		}
		Eventually(reads.Load, 5*time.Second).Should(BeEquivalentTo(1), "somebody has begun to read")
		close(release)
		done.Wait()
		Expect(reads.Load()).To(BeEquivalentTo(1))
	})

	It("never shares a read of a Secret whose UID is not known", func() {
		var done sync.WaitGroup
		for i := range 20 {
			done.Go(func() {
				defer GinkgoRecover()
				uid := fmt.Sprint("uid-", i)
				cred, err := cache.Get(ctx, credentials.Source{}, fixed(source(uid, "1"), tokenData(uid)))
				Expect(err).NotTo(HaveOccurred())
				Expect(cred.ID()).To(Equal(uid + "/1"))
			})
		}
		done.Wait()
	})

	It("lets nobody wait for a read longer than the context allows", func() {
		release := make(chan struct{})
		defer close(release)
		blocked, cancel := context.WithCancel(ctx)
		cancel()
		_, err := cache.Get(blocked, source("uid", "1"), func(context.Context) (credentials.Source, map[string][]byte, error) {
			<-release
			return credentials.Source{}, nil, errors.New("too late")
		})
		Expect(err).To(MatchError(context.Canceled))
	})

	It("reads a Secret anew when asked without a version", func() {
		read(cache, "uid", "1", tokenData("old"))
		cred, err := cache.Get(ctx, source("uid", ""), fixed(source("uid", "2"), tokenData("new")))
		Expect(err).NotTo(HaveOccurred())
		Expect(cred.ID()).To(Equal("uid/2"))
	})

	It("drops the old version of a Secret", func() {
		read(cache, "uid", "1", tokenData("old"))
		read(cache, "uid", "2", tokenData("new"))
		Expect(cache.Len()).To(Equal(1))
	})

	It("gives what was read to those who ask for a version that is gone", func() {
		cred, err := cache.Get(ctx, source("uid", "1"), fixed(source("uid", "2"), tokenData("new")))
		Expect(err).NotTo(HaveOccurred())
		Expect(cred.ID()).To(Equal("uid/2"))
		Expect(cache.Get(ctx, source("uid", "2"), unread)).To(BeIdenticalTo(cred))
	})

	It("does not go back to an old version because a read of it took long", func() {
		cred, err := cache.Get(ctx, source("uid", "9"), func(context.Context) (credentials.Source, map[string][]byte, error) {
			read(cache, "uid", "10", tokenData("new"))
			return source("uid", "9"), tokenData("old"), nil
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(cred.ID()).To(Equal("uid/10"))
	})

	It("goes back to an old version after the API server was restored from a backup", func() {
		read(cache, "uid", "10", tokenData("new"))
		Expect(read(cache, "uid", "9", tokenData("old")).ID()).To(Equal("uid/9"))
	})

	It("keeps that a Secret is invalid", func() {
		_, err := cache.Get(ctx, source("uid", "1"), fixed(source("uid", "1"), tokenData("")))
		var invalid *credentials.InvalidError
		Expect(errors.As(err, &invalid)).To(BeTrue())
		_, again := cache.Get(ctx, source("uid", "1"), unread)
		Expect(again).To(BeIdenticalTo(err))
		read(cache, "uid", "2", tokenData("t"))
	})

	It("keeps nothing of a read that failed", func() {
		_, err := cache.Get(ctx, source("uid", "1"), func(context.Context) (credentials.Source, map[string][]byte, error) {
			return credentials.Source{}, nil, errors.New("the API server is away")
		})
		Expect(err).To(MatchError("the API server is away"))
		Expect(cache.Len()).To(BeZero())
	})

	It("keeps nothing of a read that panicked", func() {
		_, err := cache.Get(ctx, source("uid", "1"), func(context.Context) (credentials.Source, map[string][]byte, error) {
			panic("canary")
		})
		Expect(err).To(MatchError(And(ContainSubstring("panic"), Not(ContainSubstring("canary")))))
	})

	It("refuses a Secret that does not say which it is", func() {
		_, err := cache.Get(ctx, source("uid", "1"), fixed(credentials.Source{}, tokenData("t")))
		Expect(err).To(HaveOccurred())
	})

	It("forgets what was not used for an hour, and no earlier", func() {
		read(cache, "idle", "1", tokenData("t"))
		read(cache, "busy", "1", tokenData("t"))
		clock.Step(59 * time.Minute)
		read(cache, "busy", "1", tokenData("t"))
		read(cache, "new", "1", tokenData("t"))
		Expect(cache.Len()).To(Equal(3))
		clock.Step(10 * time.Minute)
		read(cache, "newer", "1", tokenData("t"))
		Expect(cache.Len()).To(Equal(3))
		_, err := cache.Get(ctx, source("busy", "1"), unread)
		Expect(err).NotTo(HaveOccurred())
	})

	It("keeps no more than it may, the last used", func() {
		small, err := credentials.NewCache(credentials.Options{Clock: clock, MaxSecrets: 10})
		Expect(err).NotTo(HaveOccurred())
		for i := range 30 {
			clock.Step(time.Second)
			read(small, fmt.Sprint("uid-", i), "1", tokenData("t"))
			read(small, "uid-0", "1", tokenData("t"))
		}
		Expect(small.Len()).To(Equal(10))
		_, err = small.Get(ctx, source("uid-0", "1"), unread)
		Expect(err).NotTo(HaveOccurred())
	})

	It("forgets a Secret that is gone", func() {
		read(cache, "uid", "1", tokenData("t"))
		cache.Forget("uid")
		Expect(cache.Len()).To(BeZero())
	})

	It("refuses an IAM endpoint that is none", func() {
		_, err := credentials.NewCache(credentials.Options{IAM: live.Endpoints{Template: "iam.example.com"}})
		Expect(err).To(MatchError(ContainSubstring("IAM")))
	})
})
