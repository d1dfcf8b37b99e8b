package controller

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/live-operator/live-operator/internal/live"
)

// Secrets reads Secrets without keeping their bodies.
type Secrets struct {
	// Metadata reads the metadata of Secrets from a cache; nil where Secrets are
	// not watched.
	Metadata client.Reader
	// Bodies reads whole Secrets from the API server.
	Bodies client.Reader
}

// secretVersion tells one state of a Secret from all others.
type secretVersion struct {
	uid             types.UID
	resourceVersion string
}

// version is the state that the Secret is in, at no cost where Secrets are
// watched. body is there where it had to be read.
func (s *Secrets) version(ctx context.Context, name types.NamespacedName) (v secretVersion, body *corev1.Secret, err error) {
	if s.Metadata == nil {
		body, err = s.read(ctx, name)
		if err != nil {
			return secretVersion{}, nil, err
		}
		return versionOf(body), body, nil
	}
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := s.Metadata.Get(ctx, name, head); err != nil {
		return secretVersion{}, nil, err
	}
	return versionOf(head), nil, nil
}

// read is the whole Secret.
func (s *Secrets) read(ctx context.Context, name types.NamespacedName) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := s.Bodies.Get(ctx, name, secret); err != nil {
		return nil, err
	}
	return secret, nil
}

func versionOf(o metav1.Object) secretVersion {
	return secretVersion{uid: o.GetUID(), resourceVersion: o.GetResourceVersion()}
}

// gatherKey finds the digest of the callback key, or what is wrong with it.
func (p *pass) gatherKey(ctx context.Context) error {
	ref := p.obj.Spec.KeySecretRef
	name := types.NamespacedName{Namespace: p.obj.Namespace, Name: ref.Name}
	v, body, err := p.Secrets.version(ctx, name)
	source := fmt.Sprint(v.uid, "/", v.resourceVersion, "/", ref.Key)
	switch {
	case apierrors.IsNotFound(err):
		p.f.keyProblem = fmt.Sprintf("The Secret %s, which spec.keySecretRef names, does not exist. Create it with the callback key under %s; it is used at once.", ref.Name, ref.Key)
		return nil
	case err != nil:
		return err
	case source == p.m.key.source:
		p.f.keyDigest, p.f.keyProblem = p.m.key.digest, p.m.key.problem
		return nil
	case body == nil:
		return p.readKey(ctx)
	default:
		p.useKey(body)
		return nil
	}
}

// readKey reads the callback key, for its digest or to send it.
func (p *pass) readKey(ctx context.Context) error {
	ref := p.obj.Spec.KeySecretRef
	body, err := p.Secrets.read(ctx, types.NamespacedName{Namespace: p.obj.Namespace, Name: ref.Name})
	if apierrors.IsNotFound(err) {
		p.f.keyProblem = fmt.Sprintf("The Secret %s, which spec.keySecretRef names, does not exist. Create it with the callback key under %s; it is used at once.", ref.Name, ref.Key)
		return nil
	}
	if err != nil {
		return err
	}
	p.useKey(body)
	return nil
}

// useKey takes the callback key from the Secret.
func (p *pass) useKey(secret *corev1.Secret) {
	ref := p.obj.Spec.KeySecretRef
	v := versionOf(secret)
	k := keyMemory{source: fmt.Sprint(v.uid, "/", v.resourceVersion, "/", ref.Key)}
	value, ok := secret.Data[ref.Key]
	value = bytes.TrimSpace(value)
	switch {
	case !ok:
		k.problem = fmt.Sprintf("The Secret %s has no entry %s, which spec.keySecretRef names. Add the callback key under it; it is used at once.", ref.Name, ref.Key)
	case !validKey.Match(value):
		k.problem = fmt.Sprintf("The entry %s of Secret %s is no callback key: it must be 32 or more letters and digits and nothing else. Mend it; it is used at once.", ref.Key, ref.Name)
	default:
		k.digest = keyDigest(v.uid, value)
		p.key = live.Secret(value)
	}
	p.m.key = k
	p.f.keyDigest, p.f.keyProblem = k.digest, k.problem
}

// validKey is the API's rule for a callback key.
var validKey = regexp.MustCompile(`^[A-Za-z0-9]{32,}$`)

// keyDigest tells whether the callback key changed, and tells nothing else: it
// is keyed with the UID of the Secret, 122 random bits that only those know
// who may read the Secret itself, so that nobody can try out keys against a
// status.
func keyDigest(secret types.UID, key []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("callback key\x00"))
	h.Write(key)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
