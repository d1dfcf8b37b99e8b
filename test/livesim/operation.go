package livesim

// Operation is one of the calls that the simulator answers.
type Operation string

// The operations, and Unknown for every other path.
const (
	Create       Operation = "Create"
	Update       Operation = "Update"
	Show         Operation = "Show"
	List         Operation = "List"
	Delete       Operation = "Delete"
	Authenticate Operation = "Authenticate"
	Unknown      Operation = "Unknown"
)

// liveOperations are the five of the Live API.
var liveOperations = []Operation{Create, Update, Show, List, Delete}
