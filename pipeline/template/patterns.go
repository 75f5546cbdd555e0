package template

// What values must match, in the syntax that RE2 and Java have in common. They accept what the binary accepts: a value that Dataflow
// lets pass only for the launcher to fail minutes later would be as wrong as one that it refuses without need. Ranges that no
// pattern says well, such as those of durations, are the binary's to check.
const (
	// Dataflow wants full names, where the binary adds --project to an id.
	subscription = `^projects/[^/\s]+/subscriptions/[A-Za-z][A-Za-z0-9._~+%-]{0,254}$`
	versionName  = `^projects/[^/]+/secrets/[^/]+/versions/[^/]+$`

	port      = `([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	redisAddr = `([A-Za-z0-9_.-]+|\[[A-Za-z0-9_.:%-]+\]):` + port
	// Items may be empty, and have blanks around them.
	redisAddrs = `^[\s,]*` + redisAddr + `(\s*,[\s,]*` + redisAddr + `)*[\s,]*$`
	// The project may have a domain before it, as old ones do.
	dataset  = `^(([a-z0-9.-]+:)?[a-z][a-z0-9-]*\.)?[A-Za-z0-9_]+$`
	gcsFiles = `^\s*gs://[a-z0-9][^,\s]*(\s*,\s*gs://[a-z0-9][^,\s]*)*\s*$`

	serviceOptions = `^[^,\s]+(,[^,\s]+)*$`

	duration = `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
	count    = `^(0|[1-9][0-9]{0,17})$`
	integer  = `^(0|-?[1-9][0-9]{0,17})$`
	image    = `^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$`
	storeID  = `^[^\s\p{Z}\p{Cc}\p{Cf}]([^\p{Zl}\p{Zp}\p{Cc}\p{Cf}]{0,126}[^\s\p{Z}\p{Cc}\p{Cf}])?$`
)
