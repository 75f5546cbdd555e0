package setup

import (
	"fmt"
	"strings"
)

// grants returns the commands that allow Pub/Sub itself to publish to the dead letter topics, or ""
// if there are none. They are printed and not executed: only owners may set policies, and creating
// topics should not need that right.
func grants(project string, d declared) string {
	var b strings.Builder
	for _, s := range d.subscriptions {
		grave := s.GetDeadLetterPolicy().GetDeadLetterTopic()
		if grave == "" {
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, `
Pub/Sub passes nothing on to the dead letter topics before its own account may. Once, by an owner of the project:

agent="serviceAccount:service-$(gcloud projects describe %s --format='value(projectNumber)')`+
				"@gcp-sa-pubsub.iam.gserviceaccount.com\"\n", project)
		}
		const command = `gcloud pubsub %ss add-iam-policy-binding %s --project=%s --member="$agent" --role=%s` + "\n"
		fmt.Fprintf(&b, command, "topic", shortName(grave), project, "roles/pubsub.publisher")
		fmt.Fprintf(&b, command, "subscription", shortName(s.GetName()), project, "roles/pubsub.subscriber")
	}
	return b.String()
}
