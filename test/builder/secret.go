package builder

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretBuilder makes a Secret.
type SecretBuilder struct {
	secret corev1.Secret
}

// Secret begins a Secret without any data.
func Secret(name string) *SecretBuilder {
	return &SecretBuilder{secret: corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: DefaultNamespace},
		Data:       map[string][]byte{},
	}}
}

// InNamespace puts the Secret into a namespace.
func (b *SecretBuilder) InNamespace(namespace string) *SecretBuilder {
	b.secret.Namespace = namespace
	return b
}

// With sets one entry of the data.
func (b *SecretBuilder) With(key, value string) *SecretBuilder {
	b.secret.Data[key] = []byte(value)
	return b
}

// WithToken sets the key token.
func (b *SecretBuilder) WithToken(token string) *SecretBuilder {
	return b.With("token", token)
}

// WithAccessKey sets the keys accessKey and secretKey.
func (b *SecretBuilder) WithAccessKey(accessKey, secretKey string) *SecretBuilder {
	return b.With("accessKey", accessKey).With("secretKey", secretKey)
}

// WithPassword sets the keys domainName, username and password.
func (b *SecretBuilder) WithPassword(domainName, username, password string) *SecretBuilder {
	return b.With("domainName", domainName).With("username", username).With("password", password)
}

// Build returns the Secret.
func (b *SecretBuilder) Build() *corev1.Secret {
	return b.secret.DeepCopy()
}
