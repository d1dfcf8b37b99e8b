package harness

import (
	"fmt"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// ConfigFor is the access of somebody with no rights but those of that name
// and those groups, by a certificate of the cluster's own. The name of a
// service account is "system:serviceaccount:NAMESPACE:NAME".
func (c *Cluster) ConfigFor(name string, groups ...string) (*rest.Config, error) {
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return nil, fmt.Errorf("adding the user %s: %w", name, err)
	}
	return user.Config(), nil
}
