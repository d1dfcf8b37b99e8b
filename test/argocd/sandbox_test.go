package argocd_test

import (
	"context"
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// run runs a script on an object, and gives what it returns as JSON. It lends
// the script what Argo CD 3.6 lends to one of argocd-cm without useOpenLibs
// (its util/lua/lua.go): the libraries base, package and table, os with date
// and time alone and only by require, the object as obj, and one second.
func run(script string, object map[string]any) ([]byte, error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	l.PreloadModule(lua.OsLibName, loadSafeOS)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	l.SetContext(ctx)

	content, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	obj, err := luajson.Decode(l, content)
	if err != nil {
		return nil, err
	}
	l.SetGlobal("obj", obj)
	if err := l.DoString(script); err != nil {
		return nil, err
	}
	return luajson.Encode(l.Get(-1))
}

// loadSafeOS loads what is safe of the library os.
func loadSafeOS(l *lua.LState) int {
	whole := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer whole.Close()
	whole.Push(whole.NewFunction(lua.OpenOs))
	whole.Call(0, 1)
	all := whole.CheckTable(-1)
	safe := l.NewTable()
	for _, name := range []string{"date", "time"} {
		function, ok := all.RawGetString(name).(*lua.LFunction)
		if !ok {
			l.RaiseError("os has no function %s", name)
		}
		safe.RawSetString(name, l.NewFunction(function.GFunction))
	}
	l.Push(safe)
	return 1
}

// health is what a health check returns.
type health struct {
	Status          string `json:"status"`
	Message         string `json:"message"`
	DeletionMessage string `json:"deletionMessage"`
}

// healthOf is the health of an object by the check in argocd-cm.
func healthOf(object map[string]any) health {
	GinkgoHelper()
	result, err := run(customization("health"), object)
	Expect(err).NotTo(HaveOccurred())
	var h health
	Expect(json.Unmarshal(result, &h)).To(Succeed(), "%s", result)
	return h
}

// discover is which actions there are, and whether each is disabled.
func discover(object map[string]any) map[string]bool {
	GinkgoHelper()
	result, err := run(customizedActions().Discovery, object)
	Expect(err).NotTo(HaveOccurred())
	var found map[string]struct {
		Disabled bool `json:"disabled"`
	}
	Expect(json.Unmarshal(result, &found)).To(Succeed(), "%s", result)
	disabled := map[string]bool{}
	for name, action := range found {
		disabled[name] = action.Disabled
	}
	return disabled
}

// act is the object as an action leaves it. As in Argo CD, an empty map, which
// Lua can't tell from an empty list, is given back.
func act(name string, object *unstructured.Unstructured) *unstructured.Unstructured {
	GinkgoHelper()
	for _, definition := range customizedActions().Definitions {
		if definition.Name != name {
			continue
		}
		result, err := run(definition.Script, object.Object)
		Expect(err).NotTo(HaveOccurred())
		after := &unstructured.Unstructured{}
		Expect(after.UnmarshalJSON(result)).To(Succeed())
		restoreEmpty(after.Object, object.Object)
		return after
	}
	Fail("there is no action " + name)
	return nil
}

func restoreEmpty(after, before map[string]any) {
	for key, is := range after {
		if was, there := before[key]; there {
			after[key] = restored(is, was)
		}
	}
}

func restored(is, was any) any {
	switch was := was.(type) {
	case map[string]any:
		switch is := is.(type) {
		case []any:
			if len(is) == 0 {
				return map[string]any{}
			}
		case map[string]any:
			restoreEmpty(is, was)
		}
	case []any:
		if is, ok := is.([]any); ok {
			for i := range min(len(is), len(was)) {
				is[i] = restored(is[i], was[i])
			}
		}
	}
	return is
}

var _ = Describe("The sandbox", func() {
	DescribeTable("has what Argo CD lends to a script, and no more:",
		func(expression, is string) {
			result, err := run("return "+expression, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(result)).To(Equal(is))
		},
		Entry("base", "type(ipairs)", `"function"`),
		Entry("table", "type(table.insert)", `"function"`),
		Entry("no string", "type(string)", `"nil"`),
		Entry("no io", "type(io)", `"nil"`),
		Entry("no math", "type(math)", `"nil"`),
		Entry("no os that is not required", "type(os)", `"nil"`),
		Entry("os.date", "#require('os').date('!%Y-%m-%dT%H:%M:%S')", `19`),
		Entry("no os.exit", "type(require('os').exit)", `"nil"`),
	)

	It("has no methods of strings, and ends a script that does not end", func() {
		_, err := run("return ('x'):upper()", nil)
		Expect(err).To(HaveOccurred())
		_, err = run("while true do end", nil)
		Expect(err).To(MatchError(ContainSubstring("deadline")))
	})
})
