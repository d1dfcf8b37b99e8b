package chart_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

var _ = Describe("The values", func() {
	It("are sound in the eyes of helm lint", func() {
		stdout, stderr, err := helm("lint", "--strict", chartDir)
		Expect(err).NotTo(HaveOccurred(), stdout+stderr)
		Expect(stdout).NotTo(ContainSubstring("[WARNING]"))
	})

	It("are all in the schema, with a meaning, and what the schema has is in them", func() {
		values, schema := defaults(), properties()
		for path, property := range schema {
			Expect(property["description"]).NotTo(BeEmpty(), path)
			_, found := lookUp(values, path)
			Expect(found).To(BeTrue(), "values.yaml has no %s", path)
		}
		// Helm itself refuses a default that the schema does not know.
	})

	It("are told in the README, as the schema and values.yaml have them", func() {
		const begin, end = "<!-- values:", "<!-- end of values -->"
		file := chartDir + "/README.md"
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		before, rest, found := strings.Cut(string(content), begin)
		Expect(found).To(BeTrue())
		marker, rest, _ := strings.Cut(rest, "\n")
		table, after, found := strings.Cut(rest, end)
		Expect(found).To(BeTrue())
		if os.Getenv("UPDATE") != "" {
			Expect(os.WriteFile(file, []byte(before+begin+marker+"\n"+valuesTable()+end+after), 0o644)).To(Succeed())
			return
		}
		Expect(table).To(Equal(valuesTable()), "run UPDATE=1 go test ./test/chart")
	})

	DescribeTable("refuse what is not theirs",
		func(values, told string) {
			Expect(refusal(values)).To(ContainSubstring(told))
		},
		Entry("a name that does not exist", `watchNamespace: [a]`, "'watchNamespace' not allowed"),
		Entry("a name within a group", `leaderElection: {enable: true}`, "'enable' not allowed"),
		Entry("a name within a pod's setting", `securityContext: {readOnlyRootFileSystem: true}`, "'readOnlyRootFileSystem' not allowed"),
		Entry("a name within a pod's setting, deeper", `securityContext: {capabilities: {dropped: [ALL]}}`, "'dropped' not allowed"),
		Entry("a name within resources", `resources: {limit: {cpu: 1}}`, "'limit' not allowed"),
		Entry("a name within a toleration", `tolerations: [{keys: a}]`, "'keys' not allowed"),
		Entry("a name within the affinity", `affinity: {nodeAfinity: {}}`, "'nodeAfinity' not allowed"),
		Entry("a name within the environment", `extraEnv: [{name: A, valeu: b}]`, "'valeu' not allowed"),
		Entry("a volume without a source that exists", `extraVolumes: [{name: a, confgMap: {name: b}}]`, "'confgMap' not allowed"),
		Entry("a volume with two sources", `extraVolumes: [{name: a, configMap: {name: b}, secret: {secretName: c}}]`, "maxProperties"),
		Entry("a name within a pull secret", `imagePullSecrets: [{secret: a}]`, "'secret' not allowed"),
		Entry("a pull secret that is only a name", `imagePullSecrets: [a]`, "want object"),
		Entry("a name within a probe", `probes: {liveness: {period: 1}}`, "'period' not allowed"),
		Entry("a name within the ServiceMonitor's TLS", `serviceMonitor: {tlsConfig: {insecure: true}}`, "'insecure' not allowed"),
		Entry("a name within a network rule", `networkPolicy: {extraEgress: [{port: 1}]}`, "'port' not allowed"),
		Entry("a type", `watchSecrets: "yes"`, "want boolean"),
		Entry("a list that is text", `watchNamespaces: team-a`, "want array"),
		Entry("a namespace that can't be", `watchNamespaces: [Team_A]`, "does not match pattern"),
		Entry("a region that can't be", `regionEndpoints: {CN: "https://a.example.com"}`, "'CN' not allowed"),
		Entry("an endpoint without a scheme", `liveEndpoint: live.example.com`, "does not match pattern"),
		Entry("an endpoint with a query", `iamEndpoint: "https://iam.example.com?a=b"`, "does not match pattern"),
		Entry("a duration without a unit", `apiTimeout: "30"`, "does not match pattern"),
		Entry("a duration that is a number", `resyncInterval: 600`, "anyOf"),
		Entry("a rate below zero", `apiQPS: -1`, "minimum"),
		Entry("no worker", `maxConcurrentReconciles: 0`, "minimum"),
		Entry("a port that can't be", `metrics: {port: 70000}`, "maximum"),
		Entry("a word that is none of the choices", `log: {encoder: xml}`, "value must be one of"),
		Entry("a digest that is none", `image: {digest: v1}`, "does not match pattern"),
	)

	It("leave room for what a parent chart adds", func() {
		Expect(render(`{global: {imageRegistry: example.com}, enabled: true}`).kinds()).To(ContainElement("Deployment live-operator"))
	})
})

// defaults are values.yaml.
func defaults() map[string]any {
	GinkgoHelper()
	content, err := os.ReadFile(chartDir + "/values.yaml")
	Expect(err).NotTo(HaveOccurred())
	values := map[string]any{}
	Expect(yaml.UnmarshalStrict(content, &values)).To(Succeed())
	return values
}

// properties are the values of the schema by path, such as image.tag; those
// that a parent chart sets are left out.
func properties() map[string]map[string]any {
	GinkgoHelper()
	content, err := os.ReadFile(chartDir + "/values.schema.json")
	Expect(err).NotTo(HaveOccurred())
	schema := map[string]any{}
	Expect(json.Unmarshal(content, &schema)).To(Succeed())
	found := map[string]map[string]any{}
	walk(schema, "", found)
	delete(found, "global")
	delete(found, "enabled")
	return found
}

// walk collects the leaves; every group on the way must refuse other names.
func walk(schema map[string]any, prefix string, found map[string]map[string]any) {
	GinkgoHelper()
	Expect(schema).To(HaveKeyWithValue("additionalProperties", false), prefix)
	for name := range group(schema, "properties") {
		property := group(schema, "properties", name)
		if _, inner := property["properties"]; inner {
			walk(property, prefix+name+".", found)
		} else {
			found[prefix+name] = property
		}
	}
}

func lookUp(values map[string]any, path string) (any, bool) {
	name, rest, deeper := strings.Cut(path, ".")
	value, found := values[name]
	if !deeper || !found {
		return value, found
	}
	inner, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	return lookUp(inner, rest)
}

// valuesTable is the README's: values by name, what they are and mean.
func valuesTable() string {
	GinkgoHelper()
	values, schema := defaults(), properties()
	var paths []string
	for path := range schema {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var table strings.Builder
	table.WriteString("| value | default | meaning |\n| --- | --- | --- |\n")
	for _, path := range paths {
		value, _ := lookUp(values, path)
		told, err := json.Marshal(value)
		Expect(err).NotTo(HaveOccurred())
		shown := "`" + string(told) + "`"
		if len(shown) > 60 {
			shown = "see values.yaml"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", path, shown, schema[path]["description"])
	}
	return table.String()
}
