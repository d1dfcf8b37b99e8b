package v1alpha1

// Condition types of a RecordCallbackConfig. They follow kstatus: Ready is
// always there once the resource was handled, the others are there, with
// status True, only while they apply.
const (
	// ConditionReady is True when the Live API was last seen to agree with the
	// spec, and False, with a reason that says what to do, when not.
	ConditionReady = "Ready"

	// ConditionReconciling is True while work is under way or being retried.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when retrying alone cannot help: somebody has to
	// change the spec, a Secret, or a permission.
	ConditionStalled = "Stalled"

	// ConditionDrifted is True when the remote configuration differs from the
	// spec and the policies forbid to correct it; the message names the fields.
	ConditionDrifted = "Drifted"

	// ConditionSuspended is True while spec.suspend is true: no call is made.
	ConditionSuspended = "Suspended"
)

// Reasons of the Ready condition. Each says what the reader can do about it,
// in the way of an HTTP status code.
const (
	// ReasonSynced: the Live API agrees with the spec. Nothing to do.
	ReasonSynced = "Synced"

	// ReasonPending: the work has begun and goes on by itself. Wait.
	ReasonPending = "Pending"

	// ReasonThrottled: the Live API asked for fewer calls. The operator waits
	// and goes on by itself; other clients of the same user share its quota.
	ReasonThrottled = "Throttled"

	// ReasonAPIUnavailable: the Live API, or the way to it, is failing. The
	// operator retries with back-off; look at the endpoint and the network if
	// it lasts.
	ReasonAPIUnavailable = "APIUnavailable"

	// ReasonCredentialsNotFound: the Secret of spec.credentialsSecretRef is not
	// there. Create it; it is used at once.
	ReasonCredentialsNotFound = "CredentialsNotFound"

	// ReasonCredentialsInvalid: the Secret is there but does not hold one usable
	// kind of credentials. Mend it; it is used at once.
	ReasonCredentialsInvalid = "CredentialsInvalid"

	// ReasonUnauthorized: the API does not accept the credentials. Renew them.
	ReasonUnauthorized = "Unauthorized"

	// ReasonForbidden: the credentials are known but lack a permission. Grant
	// the IAM action that the message names.
	ReasonForbidden = "Forbidden"

	// ReasonRejected: the API refuses the request as it stands. Change the spec.
	ReasonRejected = "Rejected"

	// ReasonNotFound: the configuration of spec.id does not exist. Correct the
	// ID, or make the resource without one to create a configuration.
	ReasonNotFound = "NotFound"

	// ReasonAlreadyExists: a configuration of this domain and app exists and
	// may not be taken over. Set spec.id or spec.adoptionPolicy: IfExists.
	ReasonAlreadyExists = "AlreadyExists"

	// ReasonConflict: another resource holds this configuration, or spec.id
	// names another one than the resource already keeps. Remove one of the two.
	ReasonConflict = "Conflict"

	// ReasonKeyInvalid: the callback key of spec.keySecretRef is missing or is
	// not 32 or more letters and digits. Mend the Secret; it is used at once.
	ReasonKeyInvalid = "KeyInvalid"

	// ReasonDriftPersists: three corrections of the same difference did not
	// stick. Find who else changes the configuration; then change the spec or
	// request a reconcile.
	ReasonDriftPersists = "DriftPersists"

	// ReasonDrifted: the remote configuration differs and the policies forbid to
	// correct it.
	ReasonDrifted = "Drifted"

	// ReasonDeletionBlocked: the remote configuration could not be deleted yet;
	// the message says why. Setting spec.deletionPolicy: Retain lets go of it.
	ReasonDeletionBlocked = "DeletionBlocked"

	// ReasonSuspended is the reason of the Suspended condition.
	ReasonSuspended = "Suspended"
)

const (
	// Finalizer holds a resource until its remote configuration is deleted. A
	// resource has it only while a deletion would have something to delete.
	Finalizer = "live.huaweicloud.com/finalizer"

	// AnnotationReconcileRequestedAt asks, with each new value, for a reconcile
	// now, past back-off and stall. By convention the value is the time; any
	// text that differs from the last one works.
	AnnotationReconcileRequestedAt = "live.huaweicloud.com/reconcile-requested-at"

	// AnnotationCreatePending marks, before a configuration is created, that it
	// will be: the API's own time (RFC 3339, whole seconds) at which it was not
	// there yet. It stays, and proves later that the configuration with this
	// domain and app and no older create_time is the operator's.
	AnnotationCreatePending = "live.huaweicloud.com/create-pending"
)
