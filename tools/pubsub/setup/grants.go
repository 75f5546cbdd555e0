package setup

import (
	"fmt"
	"strings"
)

// grants are the commands that let Pub/Sub itself pass messages on to the dead letter topics; empty where there are none. They are
// printed and not carried out: to set policies is a right of owners, which whoever makes topics should not need.
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

agent="serviceAccount:service-$(gcloud projects describe %s --format='value(projectNumber)')@gcp-sa-pubsub.iam.gserviceaccount.com"
`, project)
		}
		fmt.Fprintf(&b, `gcloud pubsub topics add-iam-policy-binding %s --project=%s --member="$agent" --role=roles/pubsub.publisher
gcloud pubsub subscriptions add-iam-policy-binding %s --project=%s --member="$agent" --role=roles/pubsub.subscriber
`, shortName(grave), project, shortName(s.GetName()), project)
	}
	return b.String()
}
