package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/beamlytics/streamlytics/test/rig"
)

// patience bounds the wait for something that must happen.
const patience = 2 * time.Minute

// chromium is the browser that all tests share. Each tab has a profile of its own.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

func openBrowser() (context.Context, error) {
	chromium.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(patience))
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox) // Chromium has none for root
		}
		allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		browser, _ := chromedp.NewContext(allocator)                                        // cancelled with its parent
		chromium.ctx, chromium.cancel, chromium.err = browser, cancel, chromedp.Do(browser) //nolint:fatcontext // once
	})
	return chromium.ctx, chromium.err
}

// closeBrowser ends the browser, if it was started.
func closeBrowser() {
	if chromium.cancel != nil {
		_ = chromedp.Cancel(chromium.ctx) // waits until the process has ended
		chromium.cancel()
	}
}

// tab is a tab of the browser. Errors in its console, and scripts that fail, fail the test.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	tolerant bool
}

// newTab opens a tab, which is closed with the test.
func newTab(t *testing.T) *tab {
	t.Helper()
	browser, err := openBrowser()
	if err != nil {
		t.Fatalf("start Chromium: %v (is it installed?)", err)
	}
	p := &tab{t: t}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // without a deadline, which would end the tab
		t.Fatalf("open a tab: %v", err)
	}
	p.do(chromedp.EmulateViewport(1280, 900))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page:\n%s", p.text("body"))
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("in the browser's console: %s", problem)
		}
	})
	return p
}

// listen collects what a person would see in red in the console.
func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, fmt.Sprintf("%+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.problems = append(p.problems, fmt.Sprintf("%+v", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !(p.tolerant && e.Entry.Source == log.EntrySourceNetwork) {
			p.problems = append(p.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		p.problems = append(p.problems, "a dialog: "+e.Message)
	}
}

// tolerate sets whether requests may fail, which the browser logs as errors.
func (p *tab) tolerate(tolerant bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tolerant = tolerant
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for _, a := range actions {
		run(p, a)
	}
}

// run returns the value of an action. It fails the test if that takes too long.
func run[T any](p *tab, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

func (p *tab) open(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// eval returns the value of an expression.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression))
}

// await waits until an expression is true.
func (p *tab) await(what, expression string) {
	p.t.Helper()
	err := rig.Until(what, patience, func() bool { return eval[bool](p, "!!("+expression+")") })
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.text("body"))
	}
}

// text returns the text of the first element of a selector, as a person sees it.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quoted(selector)))
}

// awaitText waits until an element has a text.
func (p *tab) awaitText(selector, text string) {
	p.t.Helper()
	p.await(fmt.Sprintf("%s has %q", selector, text),
		fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.innerText.includes(%s))", quoted(selector), quoted(text)))
}

// click clicks on the first element of a selector that has a text.
func (p *tab) click(selector, text string) {
	p.t.Helper()
	p.awaitText(selector, text)
	eval[chromedp.Void](p, fmt.Sprintf("[...document.querySelectorAll(%s)].find(e => e.innerText.includes(%s)).click()",
		quoted(selector), quoted(text)))
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(b)
}

// address returns the address of the page in the output of a process.
func address(t *testing.T, p *rig.Process) string {
	t.Helper()
	var found string
	err := p.Await("the address of the page", patience, func() bool {
		_, rest, _ := strings.Cut(p.Log(), "http://")
		found, _, _ = strings.Cut(rest, "/")
		return strings.Contains(rest, "/")
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + found
}
