package deadletters

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// startTopic starts a Pub/Sub server with a topic and returns a function that pulls a message from
// it.
func startTopic(t *testing.T, topic string) (pull func() *pubsubpb.PubsubMessage) {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	t.Setenv("PUBSUB_EMULATOR_HOST", server.Addr())
	subscription := strings.Replace(topic, "/topics/", "/subscriptions/", 1)
	if err := server.CreateTopic(topic); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateSubscription(topic, subscription, localpubsub.SubscriptionOptions{}); err != nil {
		t.Fatal(err)
	}
	return func() *pubsubpb.PubsubMessage {
		t.Helper()
		return rig.Pull(t, server.Addr(), subscription, 1)[0]
	}
}

func TestReplayPublishesTheRepairedPayload(t *testing.T) {
	pull := startTopic(t, "projects/p/topics/pos")
	data := filepath.Join(t.TempDir(), "repaired.json")
	if err := os.WriteFile(data, []byte(repaired+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"replay", "--warehouse_dir=" + threeLetters(t), "--n=1", "--data=" + data, "--project=p",
		"--pos_topic=pos"}
	out, _, err := runCommand(t, append(args, "--dry_run")...)
	want := "letter 1: would be published to projects/p/topics/pos with attribute event_id=m1\n"
	if err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("dry run: got %q, %v, want %q", out, err, want)
	}
	out, _, err = runCommand(t, args...)
	want = "letter 1: published to projects/p/topics/pos with attribute event_id=m1\n" +
		"1 messages published, 0 letters left out\n"
	if err != nil || out != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	m := pull()
	if string(m.GetData()) != repaired ||
		!maps.Equal(m.GetAttributes(), map[string]string{"till": "7", "event_id": "m1"}) {
		t.Errorf("published %s with %v", m.GetData(), m.GetAttributes())
	}
}

func TestReplayByFilterLeavesOutWhatWouldComeBack(t *testing.T) {
	pull := startTopic(t, "projects/p/topics/all")
	topics := []string{"--project=p", "--pos_topic=all", "--wms_topic=all", "--file_topic=all"}
	dir := threeLetters(t)
	out, _, err := runCommand(t, append([]string{"replay", "--warehouse_dir=" + dir, "--all"}, topics...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"letter 1: left out: it would be refused again, BAD_TIME: ",
		"letter 2: left out: it would be refused again, BAD_JSON: ",
		"letter 3: published to projects/p/topics/all with attribute event_id=m3\n",
		"1 messages published, 2 letters left out\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwithout %q", out, want)
		}
	}
	if m := pull(); string(m.GetData()) != ahead {
		t.Errorf("published %s", m.GetData())
	}
	args := append([]string{"replay", "--warehouse_dir=" + dir, "--n=3,1"}, topics...)
	if _, _, err := runCommand(t, args...); err == nil {
		t.Error("a letter that was asked for by number was left out without an error")
	}
}

func TestReplayPublishesAMessageOnceForAllItsLetters(t *testing.T) {
	startTopic(t, "projects/p/topics/pos")
	m := event.Message{ID: "m1", Data: []byte(`{"order_number":"A","store_id":"12","timestamp":1700000000000,` +
		`"items":[{"product_id":"1","quantity":1},{"product_id":"2","quantity":1}]}`)}
	other := m
	other.ID = "m2"
	dir := warehouse(t, deadLetter(event.POS, event.Future, 0, 1, m), deadLetter(event.POS, event.Future, 0, 1, other),
		deadLetter(event.POS, event.Future, 1, 1, m))
	out, _, err := runCommand(t, "replay", "--warehouse_dir="+dir, "--all", "--project=p", "--pos_topic=pos")
	if err != nil || !strings.Contains(out, "letter 1, 3: published") ||
		!strings.Contains(out, "letter 2: published") ||
		!strings.Contains(out, "2 messages published, 0 letters left out") {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestReplayToATopicThatIsNotThere(t *testing.T) {
	startTopic(t, "projects/p/topics/all")
	_, _, err := runCommand(t, "replay", "--warehouse_dir="+threeLetters(t), "--n=3", "--project=p", "--wms_topic=none")
	if err == nil || !strings.Contains(err.Error(), "projects/p/topics/none") ||
		!strings.Contains(err.Error(), "after 0 of 1 messages") {
		t.Errorf("got error %v", err)
	}
}
