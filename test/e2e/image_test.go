package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// archived is the part of an image archive that says what a container gets.
type archived struct {
	config struct {
		Config struct {
			User            string
			Entrypoint, Cmd []string
			Labels          map[string]string
		} `json:"config"`
	}
	files map[string]os.FileMode
}

// readArchive reads what docker save writes, and buildah push docker-archive:.
func readArchive(file string) archived {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	_, entries := untar(content)
	var manifest []struct {
		Config string
		Layers []string
	}
	Expect(json.Unmarshal(entries["manifest.json"], &manifest)).To(Succeed())
	Expect(manifest).To(HaveLen(1))
	var image archived
	Expect(json.Unmarshal(entries[manifest[0].Config], &image.config)).To(Succeed())
	Expect(manifest[0].Layers).To(HaveLen(1))
	layer := entries[manifest[0].Layers[0]]
	if unzipped, err := gzip.NewReader(bytes.NewReader(layer)); err == nil {
		layer, err = io.ReadAll(unzipped)
		Expect(err).NotTo(HaveOccurred())
	}
	image.files, _ = untar(layer)
	return image
}

// untar is the modes and the contents of an archive's files, by name.
func untar(archive []byte) (modes map[string]os.FileMode, contents map[string][]byte) {
	GinkgoHelper()
	modes, contents = map[string]os.FileMode{}, map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return modes, contents
		}
		Expect(err).NotTo(HaveOccurred())
		modes[header.Name] = header.FileInfo().Mode()
		contents[header.Name], err = io.ReadAll(reader)
		Expect(err).NotTo(HaveOccurred())
	}
}

var _ = Describe("The image", func() {
	It("on scratch holds the binary and nothing else, no shell above all, and is nobody's in particular", func() {
		image := readArchive(imageArchive)
		Expect(image.files).To(Equal(map[string]os.FileMode{"live-operator": 0o755}))
		Expect(image.config.Config.User).To(Equal("65532:65532"), "in numbers, or runAsNonRoot can't be checked")
		Expect(image.config.Config.Entrypoint).To(Equal([]string{"/live-operator"}))
		Expect(image.config.Config.Cmd).To(BeEmpty())
	})

	It("says which version and which commit it is", func() {
		labels := readArchive(imageArchive).config.Config.Labels
		Expect(labels).To(HaveKeyWithValue("org.opencontainers.image.version", os.Getenv("E2E_VERSION")))
		Expect(labels).To(HaveKeyWithValue("org.opencontainers.image.revision", os.Getenv("E2E_COMMIT")))
	})
})
