package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NotifyEvent is an event of a recording that the callback can be told of.
//
// +kubebuilder:validation:Enum=RECORD_NEW_FILE_START;RECORD_FILE_COMPLETE;RECORD_OVER;RECORD_FAILED
type NotifyEvent string

// The events, as the Live API names them.
const (
	// EventNewFileStart tells that a new file of a recording was begun.
	EventNewFileStart NotifyEvent = "RECORD_NEW_FILE_START"
	// EventFileComplete tells that a file of a recording is finished.
	EventFileComplete NotifyEvent = "RECORD_FILE_COMPLETE"
	// EventOver tells that a recording ended.
	EventOver NotifyEvent = "RECORD_OVER"
	// EventFailed tells that a recording failed.
	EventFailed NotifyEvent = "RECORD_FAILED"
)

// SignType is the way in which a callback is signed.
//
// +kubebuilder:validation:Enum=HMACSHA256;MD5
type SignType string

// The ways of signing, as the Live API names them.
const (
	SignTypeHMACSHA256 SignType = "HMACSHA256"
	SignTypeMD5        SignType = "MD5"
)

// ManagementPolicy says whether the operator may write to the API.
//
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

const (
	// ManagementManage is to create, update and delete as the spec asks.
	ManagementManage ManagementPolicy = "Manage"
	// ManagementObserve is only to look, and to report what differs.
	ManagementObserve ManagementPolicy = "Observe"
)

// AdoptionPolicy says whether a configuration that exists may be taken over.
//
// +kubebuilder:validation:Enum=Never;IfExists
type AdoptionPolicy string

const (
	// AdoptionNever leaves a configuration that exists untouched.
	AdoptionNever AdoptionPolicy = "Never"
	// AdoptionIfExists takes over the configuration of this domain and app.
	AdoptionIfExists AdoptionPolicy = "IfExists"
)

// DeletionPolicy says what happens to the remote configuration when the
// resource is deleted.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionDelete deletes the remote configuration too.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionRetain leaves the remote configuration as it is.
	DeletionRetain DeletionPolicy = "Retain"
)

// DriftPolicy says what happens when the remote configuration was changed by
// somebody else.
//
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

const (
	// DriftCorrect writes the spec again.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport says so in the status, and changes nothing.
	DriftReport DriftPolicy = "Report"
)

// Origin says how a resource came to its configuration.
type Origin string

const (
	// OriginCreated means that the operator created the configuration.
	OriginCreated Origin = "Created"
	// OriginAdopted means that the configuration was there before the resource.
	OriginAdopted Origin = "Adopted"
)

// LocalSecretReference names a Secret in the resource's own namespace.
type LocalSecretReference struct {
	// name of the Secret, in the same namespace as the resource.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, for example live-credentials"
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the resource's own namespace.
type SecretKeyReference struct {
	// name of the Secret, in the same namespace as the resource.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, for example callback-key"
	Name string `json:"name"`

	// key is the entry of the Secret's data.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+$')",message="key must be an entry of the Secret's data: letters, digits, hyphens, underscores and dots, for example key"
	Key string `json:"key"`
}

// RecordCallbackConfigSpec is the wish: where the configuration is, what it
// should be, and how the operator may go about it. A field of the API that is
// not set here belongs to the API: it is neither sent nor compared.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.id) || (has(self.id) && self.id == oldSelf.id)",message="id can be set once and then neither changed nor removed; to keep another configuration, delete this resource (spec.deletionPolicy: Retain leaves the remote configuration in place) and make a new one",fieldPath=".id"
type RecordCallbackConfigSpec struct {
	// region of the Live service, such as cn-north-4. It picks the endpoint.
	// Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9-]{1,32}$')",message="region must be 1 to 32 lower-case letters, digits and hyphens, for example cn-north-4"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="region can't be changed; delete this resource and make a new one for the other region"
	Region string `json:"region"`

	// projectID is the ID of the Huawei Cloud project that owns the ingest
	// domain. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-]{1,64}$')",message="projectID must be 1 to 64 letters, digits, hyphens and underscores: copy the project's ID (32 hexadecimal digits), not its name, from the console's page My Credentials"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="projectID can't be changed; delete this resource and make a new one for the other project"
	ProjectID string `json:"projectID"`

	// id of an existing configuration to take over and keep. Without it the
	// configuration is found by publishDomain and app, or created. It may be
	// set once, and then neither changed nor removed.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-]{1,128}$')",message="id must be 1 to 128 letters, digits, hyphens and underscores: the configuration's id as the Live API shows it; leave the field out to create a configuration"
	ID string `json:"id,omitempty"`

	// credentialsSecretRef names the Secret, in this namespace, that holds the
	// credentials for the Live API: token; or accessKey and secretKey; or
	// username, password and domainName; or podIdentity.
	// +required
	CredentialsSecretRef LocalSecretReference `json:"credentialsSecretRef"`

	// publishDomain is the ingest (push) domain whose recordings call back: 1
	// to 255 characters. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self != ''",message="publishDomain must be 1 to 255 characters: the ingest domain that streams are pushed to, for example publish.example.com"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="publishDomain can't be changed; delete this resource and make a new one for the other domain"
	PublishDomain string `json:"publishDomain"`

	// app is the application name that the streams use: 1 to 128 characters; *
	// stands for any. An exact match wins over *. Defaults to *. Immutable.
	// +optional
	// +kubebuilder:default="*"
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self != ''",message="app must be 1 to 128 characters: the application name that streams are pushed to, for example live, or * for any"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="app can't be changed; delete this resource and make a new one for the other app"
	App string `json:"app,omitempty"`

	// notifyCallbackURL is the http or https URL that is told of the events: at
	// most 2,048 characters, without query parameters or fragment. Unset: left
	// to the API.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.matches('[[:space:]]')",message="notifyCallbackURL must be a whole http or https URL, for example https://callback.example.com/record; leave the field out to keep what the API has"
	// +kubebuilder:validation:XValidation:rule="!self.contains('?') && !self.contains('#')",message="notifyCallbackURL can't have a query (?...) or a fragment (#...): the Live API refuses them; put what you need into the path"
	NotifyCallbackURL string `json:"notifyCallbackURL,omitempty"`

	// notifyEventSubscription is the set of events that the callback is told
	// of, in any order: RECORD_NEW_FILE_START, a new file was begun;
	// RECORD_FILE_COMPLETE, a file is finished; RECORD_OVER, the recording
	// ended; RECORD_FAILED, it failed. Unset: left to the API, whose own default
	// is RECORD_FILE_COMPLETE alone.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:XValidation:rule="self.size() > 0",message="notifyEventSubscription needs at least one event, for example RECORD_FILE_COMPLETE; leave the field out to keep what the API has"
	NotifyEventSubscription []NotifyEvent `json:"notifyEventSubscription,omitempty"`

	// onDemandCallbackURL is the http or https URL that is told of on-demand
	// recording: at most 2,048 characters, without query parameters or
	// fragment. Newer versions of the API no longer document it. Unset: left to
	// the API.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.matches('[[:space:]]')",message="onDemandCallbackURL must be a whole http or https URL, for example https://callback.example.com/ondemand; leave the field out to keep what the API has"
	// +kubebuilder:validation:XValidation:rule="!self.contains('?') && !self.contains('#')",message="onDemandCallbackURL can't have a query (?...) or a fragment (#...): the Live API refuses them; put what you need into the path"
	OnDemandCallbackURL string `json:"onDemandCallbackURL,omitempty"`

	// signType is the way in which callbacks are signed. Unset: left to the
	// API, whose own default is HMACSHA256.
	// +optional
	SignType SignType `json:"signType,omitempty"`

	// keySecretRef names the Secret entry that holds the key with which
	// callbacks are signed: 32 or more letters and digits. The API never shows
	// the key, so drift of it can't be seen; a changed Secret is written.
	// +optional
	KeySecretRef *SecretKeyReference `json:"keySecretRef,omitempty"`

	// managementPolicy: Manage writes to the API; Observe only looks and
	// reports. Defaults to Manage.
	// +optional
	// +kubebuilder:default=Manage
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// adoptionPolicy: IfExists takes over a configuration of this domain and
	// app that the operator did not create; Never reports AlreadyExists.
	// Defaults to Never.
	// +optional
	// +kubebuilder:default=Never
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// deletionPolicy: Delete removes the remote configuration with the resource;
	// Retain leaves it. Unset: Delete what the operator created, retain what it
	// adopted.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// driftPolicy: Correct writes the spec again when somebody else changed the
	// configuration; Report only says so. Defaults to Correct.
	// +optional
	// +kubebuilder:default=Correct
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// resyncInterval is how often the remote configuration is compared with the
	// spec, in hours, minutes and seconds such as 1h30m: at least 1m, or 0s for
	// never. Unset: the operator's flag --resync-interval.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self != '' && self.matches('^([0-9]{1,5}([.][0-9]{1,9})?h)?([0-9]{1,7}([.][0-9]{1,9})?m)?([0-9]{1,9}([.][0-9]{1,9})?s)?$') && (duration(self) == duration('0s') || duration(self) >= duration('1m'))",message="resyncInterval must be at least 1m, or 0s for never, in hours, minutes and seconds, for example 10m or 1h30m"
	ResyncInterval *metav1.Duration `json:"resyncInterval,omitempty"`

	// suspend, while true, keeps the operator from making any call for this
	// resource, at its deletion too. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`
}

// CallError is what a failed call to the Live API, or to IAM, answered.
type CallError struct {
	// operation that failed.
	// +required
	// +kubebuilder:validation:Enum=Create;Update;Show;List;Delete;Authenticate
	Operation string `json:"operation"`

	// httpStatus of the answer; absent when there was none.
	// +optional
	HTTPStatus int32 `json:"httpStatus,omitempty"`

	// code of the error, such as LIVE.100011001 or APIGW.0301; absent when the
	// answer had none.
	// +optional
	Code string `json:"code,omitempty"`

	// message of the error: at most 1,024 bytes, without control characters.
	// +required
	Message string `json:"message"`

	// requestID of the answer, to give to the vendor's support.
	// +optional
	RequestID string `json:"requestID,omitempty"`

	// time at which the operator saw the error.
	// +required
	Time metav1.Time `json:"time"`
}

// RecordCallbackConfigStatus is what happened.
type RecordCallbackConfigStatus struct {
	// observedGeneration is the generation of the spec that was last handled.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// appliedGeneration is the generation of the spec that the Live API last
	// accepted.
	// +optional
	AppliedGeneration int64 `json:"appliedGeneration,omitempty"`

	// id of the remote configuration.
	// +optional
	ID string `json:"id,omitempty"`

	// origin is Created or Adopted: how the resource came to the configuration.
	// Absent while it only observes one.
	// +optional
	// +kubebuilder:validation:Enum=Created;Adopted
	Origin Origin `json:"origin,omitempty"`

	// requestID is the X-request-id of the last call that changed the
	// configuration, or failed. Give it to the vendor's support.
	// +optional
	RequestID string `json:"requestID,omitempty"`

	// lastError is the last failed call; absent once a call succeeds.
	// +optional
	LastError *CallError `json:"lastError,omitempty"`

	// keyDigest is a keyed digest of the callback key that was last written;
	// the key can't be computed or guessed from it.
	// +optional
	KeyDigest string `json:"keyDigest,omitempty"`

	// createTime is when the configuration was created, by the API's clock and
	// in the API's words.
	// +optional
	CreateTime string `json:"createTime,omitempty"`

	// updateTime is when the configuration was last changed, by the API's clock
	// and in the API's words.
	// +optional
	UpdateTime string `json:"updateTime,omitempty"`

	// lastHandledReconcileAt is the value of the annotation
	// live.huaweicloud.com/reconcile-requested-at that was last acted on.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// conditions: Ready, and while they apply Reconciling, Stalled, Drifted and
	// Suspended.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// RecordCallbackConfig states what one recording-callback configuration of
// Huawei Cloud Live should be: who is told, and of which events, when streams
// of an ingest domain are recorded.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rcc,categories={live,huaweicloud}
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the Live API agrees with the spec"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Domain",type=string,JSONPath=`.spec.publishDomain`,description="Ingest domain"
// +kubebuilder:printcolumn:name="App",type=string,JSONPath=`.spec.app`,description="Application name"
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`,description="ID of the remote configuration"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the resource was made"
// +kubebuilder:printcolumn:name="Request-ID",type=string,priority=1,JSONPath=`.status.requestID`,description="X-request-id of the last call that changed the configuration, or failed"
// +kubebuilder:printcolumn:name="Region",type=string,priority=1,JSONPath=`.spec.region`,description="Region of the Live service"
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="What happened, and what to do"
type RecordCallbackConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the wish.
	// +required
	Spec RecordCallbackConfigSpec `json:"spec"`

	// status is what happened.
	// +optional
	Status RecordCallbackConfigStatus `json:"status,omitempty"`
}

// RecordCallbackConfigList is a list of RecordCallbackConfigs.
//
// +kubebuilder:object:root=true
type RecordCallbackConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RecordCallbackConfig `json:"items"`
}
