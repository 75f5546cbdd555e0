package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "`folder` that TestViews writes screenshots of each view to; none without it")

// views opens each view of a demo with something in it, and calls f.
func views(p *tab, at string, f func(name string)) {
	p.t.Helper()
	p.open(at + "/")
	p.await("events", figure("Events")+" > 1000")
	p.click(".scenario button", "Late count")
	p.await("a link to the product", "document.querySelector('.scenario.running a')?.pathname.startsWith('/products/')")
	product := eval[string](p, "document.querySelector('.scenario.running a').href")
	p.await("the truth", "document.querySelector('.truth strong')?.innerText")
	p.await("rates", figure("Events a second")+" > 0")
	f("flow")
	p.open(at + "/shop")
	p.await("signals", "[...document.querySelectorAll('.product .stock')].some(e => e.innerText)")
	f("shop")
	p.open(product)
	p.awaitText(".story h3", "dropped")
	f("product")
	p.open(at + "/badges")
	p.await("changes", "document.querySelector('.change')")
	f("badges")
	p.open(at + "/deadletters")
	p.click(".letters button", "letter")
	p.await("a letter", "document.querySelector('.letter .hex')")
	f("deadletters")
}

// scheme makes the tab light or dark.
func (p *tab) scheme(name string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	}))
}

// TestViews checks each view, light and dark: by the rules of axe-core, and that it fits screens from a phone to a desk.
func TestViews(t *testing.T) {
	t.Parallel()
	path, err := exec.Command("../../../scripts/axe.sh").Output()
	if err != nil {
		t.Fatalf("get axe-core: %v", err)
	}
	axe, err := os.ReadFile(strings.TrimSpace(string(path)))
	if err != nil {
		t.Fatal(err)
	}
	_, at := startDemo(t, "--clock_speed=120")
	p := newTab(t)
	views(p, at, func(name string) {
		eval[chromedp.Void](p, string(axe))
		for _, scheme := range []string{"light", "dark"} {
			p.scheme(scheme)
			for _, width := range []int64{390, 1024, 1920} {
				p.do(chromedp.EmulateViewport(width, 1400))
				p.await(fmt.Sprintf("%s fits %d pixels", name, width), "document.documentElement.scrollWidth <= innerWidth")
				p.picture(fmt.Sprintf("%s-%d-%s.webp", name, width, scheme))
			}
			eval[chromedp.Void](p, "window.axed = null; axe.run().then(r => { window.axed = r.violations })")
			p.await("axe has ended", "window.axed")
			found := eval[[]violation](p, "axed.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html)}))")
			for _, v := range found {
				if v.Impact == "serious" || v.Impact == "critical" {
					t.Errorf("%s, %s: %s (%s): %.500q", name, scheme, v.Help, v.ID, v.Nodes)
				}
			}
		}
	})
}

// picture writes a screenshot, if -pictures is given.
func (p *tab) picture(name string) {
	p.t.Helper()
	if *pictures == "" {
		return
	}
	shot := run(p, func(ctx context.Context, t *chromedp.Target) (page.CaptureScreenshotResult, error) {
		return chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatWebp, Quality: new(int64(80))})
	})
	if err := os.WriteFile(filepath.Join(*pictures, name), shot.Data, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// violation is what axe-core finds.
type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}
