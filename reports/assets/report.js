// Optional comfort only: the page is complete without it.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.onclick = () => act(made);
    return made;
  };

  const live = document.createElement("p");
  live.className = "sr";
  live.setAttribute("role", "status");
  document.body.append(live);

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  // A page opened from a file may not be allowed to use the clipboard: then the text is selected.
  const copy = async (made, code, what) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      made.textContent = "Copied";
    } catch {
      select(code);
      made.textContent = "Press Ctrl+C";
    }
    live.textContent = `${made.textContent}: ${what}`;
    setTimeout(() => { made.textContent = "Copy"; }, 2000);
  };

  all(".cmd").forEach((figure, index) => {
    const code = figure.querySelector("code");
    const caption = figure.querySelector("figcaption");
    const made = button("Copy", () => copy(made, code, caption.firstChild.textContent));
    made.setAttribute("aria-label", `Copy command ${index + 1}`);
    caption.append(made);
  });

  all("code.fp").forEach((code, index) => {
    const made = button("Copy", () => copy(made, code, "SHA-256 fingerprint"));
    made.setAttribute("aria-label", `Copy fingerprint ${index + 1}`);
    code.after(made);
  });

  // Firefox and older browsers do not open a closed <details> around a #fragment by themselves.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  const tools = document.querySelector(".tools");
  const tree = document.querySelector(".steps");
  if (tools && tree) {
    let opened = false;
    tools.append(button("Open every step", (made) => {
      opened = !opened;
      all("details", tree).forEach((step) => { step.open = opened; });
      made.textContent = opened ? "Close every step" : "Open every step";
    }));
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not(.raw)").filter((step) => !step.open);
    closed.forEach((step) => { step.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((step) => { step.open = false; }));
})();
