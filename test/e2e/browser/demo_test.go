package browser

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/beamlytics/streamlytics/test/rig"
)

// startDemo starts a demo whose clock runs fast, and returns the address of its page.
func startDemo(t *testing.T, args ...string) (*rig.Process, string) {
	t.Helper()
	cmd := rig.Command(t, append([]string{"demo", "--events_per_second=300", "--shops=6", "--products=300"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	p := rig.StartCommand(t, cmd)
	return p, address(t, p)
}

// figure is the script for a figure of the first view, by its name.
func figure(name string) string {
	return fmt.Sprintf("Number(([...document.querySelectorAll('.figure')].find(f => f.querySelector('dt').innerText === %s)"+
		"?.querySelector('.value').innerText ?? '').replace(/\\D/g, ''))", quoted(name))
}

// TestNumbersMove opens the page of a demo, and finds what the program does, numbers that grow, and the truth.
func TestNumbersMove(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t)
	p := newTab(t)
	p.open(at + "/")
	p.awaitText("h1", "Three channels report what happens")
	p.await("a rate", figure("Events a second")+" > 0")
	before := eval[float64](p, figure("Events")) // since the start
	p.await("more events", fmt.Sprintf("%s > %v", figure("Events"), before))
	p.await("the truth has checked keys, and none is wrong",
		"/^[1-9][\\d,]* keys checked against the truth, 0 wrong$/.test(document.querySelector('.truth strong')?.innerText)")
	for _, name := range []string{"POS", "ECOM", "WMS", "Decode", "KeyByStoreProduct", "InventoryStatefulFn", "SmartVelocityFn",
		"Redis", "Archive", "Dead letters"} {
		if !strings.Contains(p.text("main"), name) {
			t.Errorf("the diagram lacks %s", name)
		}
	}
}

// TestLateCount starts the late count by its button, follows its link, and finds the barrier, what was dropped, and what was applied
// again.
func TestLateCount(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t, "--clock_speed=300")
	p := newTab(t)
	p.open(at + "/")
	p.await("events", figure("Events")+" > 1000")
	p.click(".scenario:has(h3) button", "Late count")
	p.await("what happens now", "document.querySelector('.scenario.running .now')?.innerText")
	p.click(".scenario.running a", "Watch product")
	p.await("the product", "location.pathname.startsWith('/products/')")
	p.awaitText(".story h3", "min late")
	p.awaitText(".story", "applied again on top")
	p.awaitText(".story h3", "dropped")
	p.await("a barrier in the chart", "[...document.querySelectorAll('svg text')].some(e => e.textContent.startsWith('count:'))")
	p.await("a table behind the chart", "document.querySelector('details.data table')")
	p.open(at + "/")
	p.await("nothing is wrong", "/, 0 wrong$/.test(document.querySelector('.truth strong')?.innerText)")
}

// TestBadge makes a product go viral: its badge comes in the shop, is listed with its evidence, and goes by decay alone.
func TestBadge(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t, "--clock_speed=300")
	p := newTab(t)
	p.open(at + "/")
	p.await("events", figure("Events")+" > 1000")
	p.click(".scenario button", "Viral")
	p.await("a link to the product", "document.querySelector('.scenario.running a')?.pathname.startsWith('/products/')")
	path := eval[string](p, "document.querySelector('.scenario.running a').pathname")
	id, err := url.PathUnescape(strings.TrimPrefix(path, "/products/"))
	if err != nil {
		t.Fatal(err)
	}
	p.open(at + "/shop?product=" + url.QueryEscape(id))
	badge := "!document.querySelector('.product .hot')?.hidden"
	p.await("the badge", "document.querySelector('.product .hot') && "+badge)
	p.awaitText(".product .sold", "sold in last hour")
	p.open(at + "/badges?badge=HIGH_DEMAND&product=" + url.QueryEscape(id))
	p.awaitText(".change .pill", "High demand on")
	p.awaitText(".change .sum", "cart add")
	p.await("the verdict of the audit", "['proven', 'in flight'].includes(document.querySelector('.change .verdict')?.innerText.toLowerCase())")
	p.await("the badge goes by decay", "[...document.querySelectorAll('.change')].some(c => "+
		"c.innerText.includes('High demand off') && c.innerText.includes('all stores'))")
	p.open(at + "/shop?product=" + url.QueryEscape(id))
	p.await("no badge", "document.querySelector('.product .stock')?.innerText && !("+badge+")")
}

// TestEachScenario starts all scenarios, also while Redis is away, and finds each running and no key wrong afterwards.
func TestEachScenario(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t, "--clock_speed=300")
	p := newTab(t)
	p.open(at + "/")
	p.await("events", figure("Events")+" > 1000")
	before := eval[float64](p, figure("Duplicates"))
	n := eval[int](p, "document.querySelectorAll('.scenario').length")
	if n < 5 {
		t.Fatalf("%d scenarios", n)
	}
	for i := range n {
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelectorAll('.scenario button')[%d].click()", i)))
		p.await("it states what happens", fmt.Sprintf("document.querySelectorAll('.scenario')[%d].querySelector('.now').innerText", i))
	}
	p.await("duplicates are recognised", fmt.Sprintf("%s > %v + 100", figure("Duplicates"), before))
	p.await("the outage is over", "document.querySelector('.callout').hidden && !document.querySelector('.truth.wrong')")
	p.await("nothing is wrong", "/, 0 wrong$/.test(document.querySelector('.truth strong')?.innerText)")
}

// TestReplay sends a dead letter again as it was, and finds why it would be refused again.
func TestReplay(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t, "--clock_speed=300")
	p := newTab(t)
	p.open(at + "/deadletters")
	p.click(".chip", "BAD_FIELD")
	p.await("letters of this reason alone", "[...document.querySelectorAll('.letters b')].length > 0 && "+
		"[...document.querySelectorAll('.letters b')].every(b => b.innerText === 'BAD_FIELD')")
	p.click(".letters button", "BAD_FIELD")
	p.await("the letter", "document.querySelector('.letter .reason')?.innerText && document.querySelector('.letter .hex')?.innerText")
	p.await("what each field should be", "document.querySelectorAll('.letter .fields tr').length > 3")
	p.tolerate(true)
	p.click(".letter button", "Replay")
	p.awaitText(".letter .answer", "It would be refused again (BAD_FIELD)")
}

// TestNavigation goes by links, the keyboard and the back button, and reloads each address.
func TestNavigation(t *testing.T) {
	t.Parallel()
	_, at := startDemo(t)
	p := newTab(t)
	p.open(at + "/")
	p.click("nav a", "Shop")
	p.awaitText("h1", "Shop")
	p.await("cards", "document.querySelector('.product a')")
	p.await("a signal", "document.querySelector('.product .stock')?.innerText")
	p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.product a').click()"))
	p.await("the product", "location.pathname.startsWith('/products/') && document.querySelector('.onhand')?.innerText")
	p.await("the focus is on the heading", "document.activeElement?.tagName === 'H1'")
	name := p.text("h1")
	p.do(chromedp.NavigateBack())
	p.awaitText("h1", "Shop")
	p.do(chromedp.NavigateForward())
	p.awaitText("h1", name)
	p.do(chromedp.Reload())
	p.awaitText("h1", name)
	p.do(chromedp.KeyEvent("/"))
	p.await("the search has the focus", "document.activeElement.id === 'q'")
	eval[chromedp.Void](p, "document.activeElement.value = ''") // the driver types the key that the page has handled
	p.do(chromedp.KeyEvent(strings.Fields(name)[0]))
	p.await("hits", "document.querySelector('#hits li[data-url]')")
	p.do(chromedp.KeyEvent("\r"))
	p.await("the hit is open", "location.pathname.startsWith('/products/') || location.search.startsWith('?store=')")
	for path, heading := range map[string]string{"/badges": "Badges", "/deadletters": "Dead letters"} {
		p.open(at + path)
		p.awaitText("h1", heading)
	}
}
