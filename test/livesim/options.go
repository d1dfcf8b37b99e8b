package livesim

import (
	"encoding/json"
	"time"
)

// Options configure a Simulator. The zero value is the API as documented.
type Options struct {
	// Clock is the API's clock: of the Date header, create and update times,
	// the end of tokens, the skew of signatures and the limit of calls a
	// minute. Default: one that runs with the machine's.
	Clock *Clock
	// Behavior is how the API behaves at first; see SetBehavior.
	Behavior Behavior
	// CallLog is how many calls the log keeps, the newest. Default 10,000.
	CallLog int
	// OnCall is called with each call when its answer has been written, from
	// the goroutine that wrote it. The answer may not leave before OnCall
	// returns. It may be nil.
	OnCall func(Call)
}

// Behavior is what may differ between versions of the API, what no source
// says, and the conditions on the way to it. The zero value is the API as
// documented today, answering at once and without limits. In JSON, durations
// are strings such as "1.5s".
type Behavior struct {
	// LimitPerMinute is how many calls a user, and a project, may make in any
	// sliding minute; the next are refused with 429 APIGW.0308. 0: no limit.
	// The vendor documents 300. The token call is not counted.
	LimitPerMinute int `json:"limitPerMinute,omitempty"`
	// RetryAfter is sent with each such 429, in whole seconds, rounded up.
	// 0: none.
	RetryAfter time.Duration `json:"-"`
	// Latency is how long each call waits before anything happens.
	Latency time.Duration `json:"-"`
	// TokenLifetime is how long a token of the token call lives. Default 24h.
	TokenLifetime time.Duration `json:"-"`
	// TokenSize is the length of such a token in bytes, at least 64. Default
	// 6,000: the vendor's are 5 to 9 KB.
	TokenSize int `json:"tokenSize,omitempty"`
	// LockAfter is after how many failures in a row a user (wrong passwords)
	// or an access key (bad signatures) is locked, for LockFor. 0: never.
	LockAfter int `json:"lockAfter,omitempty"`
	// LockFor is how long a lock lasts. Default 5m.
	LockFor time.Duration `json:"-"`

	// UpdateReplaces makes a PUT reset each field that it does not send to
	// its default, the callback key included.
	UpdateReplaces bool `json:"updateReplaces,omitempty"`
	// FixedIdentity makes a PUT that changes the domain or the app a 400.
	FixedIdentity bool `json:"fixedIdentity,omitempty"`
	// EmptyUpdateBody makes a PUT answer 200 with no body, as before 2022.
	EmptyUpdateBody bool `json:"emptyUpdateBody,omitempty"`
	// ReverseEvents shows the events in the reverse of the order sent.
	ReverseEvents bool `json:"reverseEvents,omitempty"`
	// OmitSignType leaves sign_type out of answers.
	OmitSignType bool `json:"omitSignType,omitempty"`
	// OmitOnDemandCallbackURL leaves on_demand_callback_url out of answers, as
	// newer versions do.
	OmitOnDemandCallbackURL bool `json:"omitOnDemandCallbackURL,omitempty"`
	// ShowKey puts the callback key in answers, as older versions may. It is
	// there to prove that a client lets no such key out.
	ShowKey bool `json:"showKey,omitempty"`
	// NoDate leaves the Date header out of answers.
	NoDate bool `json:"noDate,omitempty"`
	// AllowDuplicates lets a domain and app have several configurations.
	AllowDuplicates bool `json:"allowDuplicates,omitempty"`
	// Hostname is the last part of request IDs. Default "live-sim-0".
	Hostname string `json:"hostname,omitempty"`
}

func (b Behavior) withDefaults() Behavior {
	if b.TokenLifetime == 0 {
		b.TokenLifetime = 24 * time.Hour
	}
	if b.TokenSize == 0 {
		b.TokenSize = 6000
	}
	b.TokenSize = max(b.TokenSize, 64)
	if b.LockFor == 0 {
		b.LockFor = 5 * time.Minute
	}
	if b.Hostname == "" {
		b.Hostname = "live-sim-0"
	}
	return b
}

// plainBehavior has the fields of Behavior without its methods, so that they
// can use the JSON package's own rules for all but the durations.
type plainBehavior Behavior

type behaviorJSON struct {
	plainBehavior
	RetryAfter    duration `json:"retryAfter,omitempty"`
	Latency       duration `json:"latency,omitempty"`
	TokenLifetime duration `json:"tokenLifetime,omitempty"`
	LockFor       duration `json:"lockFor,omitempty"`
}

func (b Behavior) toJSON() behaviorJSON {
	return behaviorJSON{
		plainBehavior: plainBehavior(b),
		RetryAfter:    duration(b.RetryAfter),
		Latency:       duration(b.Latency),
		TokenLifetime: duration(b.TokenLifetime),
		LockFor:       duration(b.LockFor),
	}
}

// MarshalJSON implements json.Marshaler.
func (b Behavior) MarshalJSON() ([]byte, error) { return json.Marshal(b.toJSON()) }

// UnmarshalJSON implements json.Unmarshaler. Fields that data leaves out keep
// their values; unknown ones are an error.
func (b *Behavior) UnmarshalJSON(data []byte) error {
	wire := b.toJSON()
	if err := decodeStrict(data, &wire); err != nil {
		return err
	}
	*b = Behavior(wire.plainBehavior)
	b.RetryAfter = time.Duration(wire.RetryAfter)
	b.Latency = time.Duration(wire.Latency)
	b.TokenLifetime = time.Duration(wire.TokenLifetime)
	b.LockFor = time.Duration(wire.LockFor)
	return nil
}
