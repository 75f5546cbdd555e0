package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// hostile is an id that would be markup, a script, an attribute or a path where it is not taken as text.
const hostile = `<img src=x onerror=alert(1)>"'&/../${x}`

// TestHostile sends an id and a payload that would run as scripts. Both stay text in every view.
func TestHostile(t *testing.T) {
	t.Parallel()
	redis, pubsub := redistest.Start(t), rig.StartPubSub(t)
	process := rig.Start(t, rig.Launch{Env: pubsub.Env(),
		Flags: append(pubsub.Flags(), "--redis_addrs="+redis.Addr, "--ui_addr=127.0.0.1:0")})
	at := address(t, process)
	send := func(topic, format string, args ...any) {
		t.Helper()
		if err := pubsub.Publish(rig.Message{Channel: topic, Data: fmt.Appendf(nil, format, args...)}); err != nil {
			t.Fatal(err)
		}
	}
	id := quoted(hostile)
	send("wms", `{"type":"RESET","event_id":"r","store_id":%s,"product_id":%s,"count":9,"counted_at":%d,"timestamp":%d}`,
		id, id, rig.Now()-60_000, rig.Now())
	send("pos", `{"order_number":"o","store_id":%s,"product_id":%s,"product_count":6,"timestamp":%d}`, id, id, rig.Now()-1000)
	send("pos", `{"order_number":%s,"store_id":%s,"product_id":%s,"product_count":%s,"timestamp":1}`, id, id, id, id)
	p := newTab(t)
	p.open(at + "/shop?" + url.Values{"store": {hostile}, "product": {hostile}}.Encode())
	p.awaitText(".product", hostile)
	p.awaitText(".product .stock", "Only 3 left")
	p.open(at + "/products/" + url.PathEscape(hostile))
	p.awaitText("h1", hostile)
	p.awaitText(".stores button", hostile)
	p.awaitText(".onhand", "3 on hand")
	p.open(at + "/badges")
	p.awaitText(".change", hostile)
	p.open(at + "/deadletters")
	p.click(".letters button", "POS")
	p.awaitText(".letter pre", strings.ReplaceAll(hostile, `"`, `\"`))
	if n := eval[int](p, "document.querySelectorAll('main img').length"); n > 0 {
		t.Errorf("%d pictures were made of text", n)
	}
	if text := p.text("main"); strings.Contains(text, "Repair and send again") {
		t.Error("a pipeline that is no demo's offers a replay")
	}
}

// TestReconnect ends the pipeline and starts another at the same address. The page states that the connection is lost, and goes on by
// itself.
func TestReconnect(t *testing.T) {
	t.Parallel()
	redis, pubsub := redistest.Start(t), rig.StartPubSub(t)
	launch := rig.Launch{Dir: t.TempDir(), Env: pubsub.Env(),
		Flags: append(pubsub.Flags(), "--redis_addrs="+redis.Addr, "--ui_addr=127.0.0.1:0")}
	process := rig.Start(t, launch)
	at := address(t, process)
	p := newTab(t)
	p.open(at + "/")
	p.await("the first numbers", "document.querySelector('.figure .value')?.innerText")
	p.tolerate(true)
	process.Kill()
	p.awaitText("#banner", "Connection lost")
	launch.Flags[len(launch.Flags)-1] = "--ui_addr=" + strings.TrimPrefix(at, "http://")
	rig.Start(t, launch)
	p.await("the connection is back", "!document.querySelector('#banner').innerText")
	p.tolerate(false)
	if err := pubsub.Publish(rig.Message{Channel: "wms", Data: fmt.Appendf(nil,
		`{"event_id":"1","store_id":"12","product_id":"555","count":7,"timestamp":%d}`, rig.Now())}); err != nil {
		t.Fatal(err)
	}
	p.await("an event of the new pipeline", figure("Events")+" === 1")
}
