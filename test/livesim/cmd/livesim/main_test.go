package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/live-operator/live-operator/test/livesim"
)

func TestCommand(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "livesim command")
}

var _ = Describe("The command", func() {
	// serve runs the command, and gives its URL and the lines that follow.
	serve := func(args ...string) (string, <-chan string) {
		GinkgoHelper()
		ctx, stop := context.WithCancel(context.Background())
		output, stdout := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), stdout, io.Discard)
			_ = stdout.Close()
		}()
		DeferCleanup(func() {
			stop()
			Eventually(ended).Should(Receive(BeNil()), "it ends when it is told to")
		})
		lines := make(chan string, 100)
		go func() {
			for scanner := bufio.NewScanner(output); scanner.Scan(); {
				lines <- scanner.Text()
			}
		}()
		var url string
		Eventually(lines).Should(Receive(&url), "the first line is the URL")
		return url, lines
	}
	// trusting is a client of livesim.example.com that trusts this authority alone.
	trusting := func(ca []byte) *http.Client {
		GinkgoHelper()
		roots := x509.NewCertPool()
		Expect(roots.AppendCertsFromPEM(ca)).To(BeTrue())
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: roots, ServerName: "livesim.example.com", MinVersion: tls.VersionTLS12,
		}}}
		DeferCleanup(client.CloseIdleConnections)
		return client
	}
	list := func(client *http.Client, url, token string) int {
		GinkgoHelper()
		req, err := http.NewRequest(http.MethodGet, url+"/v1/project-a/record/callbacks", nil)
		Expect(err).NotTo(HaveOccurred())
		req.Header.Set("X-Auth-Token", token)
		resp, err := client.Do(req)
		Expect(err).NotTo(HaveOccurred())
		Expect(resp.Body.Close()).To(Succeed())
		return resp.StatusCode
	}

	It("serves what the flags say and writes a line for each call", func() {
		url, lines := serve("--token", "a=b=project-a,project-b", "--token", "any=*", "--limit-per-minute", "1", "--log")
		Expect(url).To(MatchRegexp(`^http://127\.0\.0\.1:\d+$`))
		for _, call := range []struct {
			token string
			want  int
		}{{"a=b", http.StatusOK}, {"a=b", http.StatusTooManyRequests}, {"other", http.StatusUnauthorized}} {
			Expect(list(http.DefaultClient, url, call.token)).To(Equal(call.want))
			Eventually(lines).Should(Receive(ContainSubstring("List GET /v1/project-a/record/callbacks")), "the call has its line")
		}
		Expect(livesim.NewRemote(url, nil).Healthy(context.Background())).To(Succeed())
	})

	It("serves https and writes the authority to trust", func() {
		file := filepath.Join(GinkgoT().TempDir(), "ca.pem")
		url, _ := serve("--token", "t=project-a", "--tls-ca-file", file, "--tls-host", "livesim.example.com", "--quiet")
		Expect(url).To(HavePrefix("https://"))
		ca, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(list(trusting(ca), url, "t")).To(Equal(http.StatusOK))
	})

	It("serves https by a certificate that it is given", func() {
		dir := GinkgoT().TempDir()
		made, ca, err := livesim.NewCertificate("livesim.example.com")
		Expect(err).NotTo(HaveOccurred())
		key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
		Expect(err).NotTo(HaveOccurred())
		write := func(name, kind string, der []byte) string {
			file := filepath.Join(dir, name)
			Expect(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)).To(Succeed())
			return file
		}
		url, _ := serve("--token", "t=project-a", "--quiet",
			"--tls-cert-file", write("tls.crt", "CERTIFICATE", made.Certificate[0]), "--tls-key-file", write("tls.key", "PRIVATE KEY", key))
		Expect(list(trusting(ca), url, "t")).To(Equal(http.StatusOK))
	})

	It("reads every kind of credential", func() {
		c, err := parse([]string{
			"--access-key", "AK:SK=p", "--access-key", "AK2:SK2:st:x==p,q", "--user", "acme/robot:pass/w:ord=p",
			"--latency", "5ms", "--token-lifetime", "1m", "--retry-after", "3s",
		}, io.Discard)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.accessKeys).To(Equal([]grant{
			{[]string{"AK", "SK", ""}, []string{"p"}},
			{[]string{"AK2", "SK2", "st:x="}, []string{"p", "q"}},
		}))
		Expect(c.users).To(Equal([]grant{{[]string{"acme", "robot", "pass/w:ord"}, []string{"p"}}}))
		Expect(c.behavior).To(Equal(livesim.Behavior{
			Latency: 5 * time.Millisecond, TokenLifetime: time.Minute, RetryAfter: 3 * time.Second,
		}))
	})

	DescribeTable("says what is wrong, without the secret", func(args ...string) {
		var output bytes.Buffer
		err := run(context.Background(), args, &output, &output)
		Expect(err).To(HaveOccurred())
		Expect(err.Error() + output.String()).NotTo(ContainSubstring("s3cret"))
	},
		Entry("a token without a project", "--token", "s3cret"),
		Entry("a token with an empty project", "--token", "s3cret="),
		Entry("an access key without a secret", "--access-key", "s3cret=p"),
		Entry("a user without a password", "--user", "acme/s3cret=p"),
		Entry("an argument that is no flag", "s3cret"),
		Entry("a certificate without its key", "--token", "s3cret=p", "--tls-cert-file", "/no-such-folder/tls.crt"),
		Entry("a certificate that is brought and made", "--token", "s3cret=p", "--tls-cert-file", "a", "--tls-key-file", "b", "--tls-ca-file", "c"),
		Entry("a certificate that cannot be read", "--token", "s3cret=p", "--tls-cert-file", "/no-such-folder/a", "--tls-key-file", "/no-such-folder/b"),
		Entry("an unknown flag", "--tokens", "s3cret=p"),
		Entry("an address that cannot be listened on", "--token", "s3cret=p", "--listen", "256.0.0.1:http"),
		Entry("a file that cannot be written", "--token", "s3cret=p", "--tls-ca-file", "/no-such-folder/ca.pem"),
	)

	It("tells how it is used", func() {
		var output strings.Builder
		_, err := parse([]string{"-h"}, &output)
		Expect(err).To(HaveOccurred())
		Expect(output.String()).To(ContainSubstring("TOKEN=PROJECT"))
	})
})
