package template

// The patterns are in the syntax that RE2 and Java have in common. Each accepts the values that the
// program accepts, so that the launcher does not fail minutes later and no valid value is refused.
// Ranges that a pattern cannot express well, such as those of durations, are left to the program.
const (
	// Dataflow requires full names, where the program completes an id with --project.
	subscription = `^projects/[^/\s]+/subscriptions/[A-Za-z][A-Za-z0-9._~+%-]{0,254}$`
	versionName  = `^projects/[^/]+/secrets/[^/]+/versions/[^/]+$`

	port      = `([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	redisAddr = `([A-Za-z0-9_.-]+|\[[A-Za-z0-9_.:%-]+\]):` + port
	// Items may be empty and have blanks around them.
	redisAddrs = `^[\s,]*` + redisAddr + `(\s*,[\s,]*` + redisAddr + `)*[\s,]*$`
	// Old projects have a domain in front of the id.
	dataset  = `^(([a-z0-9.-]+:)?[a-z][a-z0-9-]*\.)?[A-Za-z0-9_]+$`
	gcsFiles = `^\s*gs://[a-z0-9][^,\s]*(\s*,\s*gs://[a-z0-9][^,\s]*)*\s*$`

	serviceOptions = `^[^,\s]+(,[^,\s]+)*$`

	duration = `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
	count    = `^(0|[1-9][0-9]{0,17})$`
	integer  = `^(0|-?[1-9][0-9]{0,17})$`
	image    = `^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)+` +
		`(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$`
	storeID = `^[^\s\p{Z}\p{Cc}\p{Cf}]([^\p{Zl}\p{Zp}\p{Cc}\p{Cf}]{0,126}[^\s\p{Z}\p{Cc}\p{Cf}])?$`
)
