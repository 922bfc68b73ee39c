// Find, sort and save in the matrix of users: comfort, the page is complete without it. The rows
// of the page are never moved: what is found or sorted is shown as a copy, so many at a time.
(() => {
  const matrix = document.querySelector(".mx");
  if (!matrix) return;
  const STEP = 200;
  const head = matrix.querySelector(".mxh");
  const end = matrix.querySelector(".bar-f .end");
  const order = ["error", "warning", "skipped", "success"];

  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const button = (text, act) => make("button", { type: "button", textContent: text, onclick: act });

  // All rows as plain values, read while the browser has nothing else to do: a hundred thousand
  // take a while. Who asks before that waits for the rest.
  const list = [];
  const chunks = [...matrix.querySelectorAll(".chunk")];
  let done = 0;
  const readChunk = () => {
    const chunk = chunks[done++];
    const { s: status, f: finding = "" } = chunk.parentNode.dataset;
    const rank = order.indexOf(status);
    for (let row = chunk.querySelector("tbody").firstElementChild; row; row = row.nextElementSibling) {
      const last = row.lastElementChild;
      const user = row.firstElementChild.textContent;
      const said = last.previousElementSibling.textContent;
      const took = last.textContent.replace(/\D/g, "");
      list.push({ row, status, finding, rank, user, said, took: took === "" ? -1 : Number(took),
        key: user.toLowerCase(), all: `${user} ${finding} ${said}`.toLowerCase() });
    }
  };
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 50));
  const readAhead = (deadline) => {
    do {
      if (done === chunks.length) return;
      readChunk();
    } while (deadline?.timeRemaining() > 5);
    idle(readAhead);
  };
  const rows = () => {
    while (done < chunks.length) readChunk();
    return list;
  };

  const shown = () => matrix.querySelector("[name=show]:checked").id.slice(2);
  const compare = {
    User: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
    Result: (a, b) => a.rank - b.rank,
    "What came back": (a, b) => (a.said < b.said ? -1 : a.said > b.said ? 1 : 0),
    Took: (a, b) => a.took - b.took,
  };

  let sorted = null; // { name, up }
  const query = make("input", { type: "search", placeholder: "Find a user or a finding" });
  query.setAttribute("aria-label", "Find a user, a finding or what came back");
  const told = make("p", { className: "told" });
  told.setAttribute("role", "status");

  const chosen = () => {
    const words = query.value.trim().toLowerCase();
    const status = shown();
    const found = rows().filter((r) => (status === "all" || r.status === status) &&
      (words === "" || r.all.includes(words)));
    if (!sorted) return found;
    const by = compare[sorted.name];
    return found.sort(sorted.up ? by : (a, b) => by(b, a));
  };

  let view = null;
  const close = () => {
    view?.remove();
    view = null;
    matrix.classList.remove("viewing");
  };

  const append = (body, found, from) => {
    const part = document.createDocumentFragment();
    for (const { row, status } of found.slice(from, from + STEP)) {
      const copy = row.cloneNode(true);
      copy.className = status;
      part.append(copy);
    }
    body.append(part);
  };

  const number = (n) => n.toLocaleString("en");
  const tell = (found, count) => {
    const how = sorted ? `, sorted by ${sorted.name}` : "";
    const part = count < found.length ? `, ${number(count)} of them shown` : "";
    told.textContent = `${number(found.length)} ${found.length === 1 ? "user" : "users"}${how}${part}`;
  };

  // A table like those of the groups, with nothing in its body.
  const emptyTable = () => {
    const sample = matrix.querySelector(".chunk table");
    const table = sample.cloneNode(false);
    const head = sample.querySelector("thead").cloneNode(true);
    const header = sorted && [...head.querySelectorAll("th")].find((th) => th.textContent === sorted.name);
    header?.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
    table.append(make("caption", { className: "sr", textContent: "Users found or sorted" }),
      sample.querySelector("colgroup").cloneNode(true), head, sample.querySelector("tbody").cloneNode(false));
    return table;
  };

  const open = () => {
    close();
    const found = chosen();
    const table = emptyTable();
    const body = table.querySelector("tbody");
    const chunk = make("div", { className: "chunk" });
    let count = Math.min(STEP, found.length);
    view = make("div", { className: "g view" });
    chunk.append(table);
    view.append(chunk);
    append(body, found, 0);
    if (count < found.length) {
      const foot = make("p", { className: "more-rows" });
      foot.append(button(`Show ${STEP} more`, () => {
        append(body, found, count);
        count = Math.min(count + STEP, found.length);
        tell(found, count);
        if (count === found.length) foot.remove();
      }));
      view.append(foot);
    }
    matrix.append(view);
    matrix.classList.add("viewing");
    tell(found, count);
  };

  const back = button("Group by cause", () => {
    query.value = "";
    sorted = null;
    update();
    query.focus();
  });

  const update = () => {
    const wanted = sorted !== null || query.value.trim() !== "";
    if (wanted) {
      open();
    } else {
      close();
      told.textContent = "";
    }
    back.hidden = !wanted;
    for (const b of head.querySelectorAll("button")) {
      if (b.textContent === sorted?.name) b.dataset.d = sorted.up ? "up" : "down";
      else delete b.dataset.d;
    }
  };

  // RFC 4180; what a spreadsheet would take for a formula gets an apostrophe, as --csv does it.
  const cell = (text) => {
    const safe = /^'*\s*[=+\-@]/.test(text) ? `'${text}` : text;
    return /[",;\s]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const save = () => {
    const lines = ["email,status,finding,said,elapsed_ms"];
    for (const r of chosen())
      lines.push([r.user, r.status, r.finding, r.said, r.took < 0 ? "" : String(r.took)].map(cell).join(","));
    const url = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
    make("a", { href: url, download: "check.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  let due;
  query.oninput = () => {
    clearTimeout(due);
    due = setTimeout(update, 120);
  };
  matrix.querySelector("fieldset").addEventListener("change", () => { if (view) update(); });
  back.hidden = true;
  end.append(query, back, button("Save as CSV", save));
  end.after(told);

  head.removeAttribute("aria-hidden");
  head.setAttribute("role", "group");
  head.setAttribute("aria-label", "Sort by");
  for (const place of head.children) {
    const name = place.textContent;
    if (compare[name])
      place.replaceChildren(button(name, () => {
        sorted = { name, up: !(sorted?.name === name && sorted.up) };
        update();
      }));
    else
      place.setAttribute("aria-hidden", "true");
  }

  idle(readAhead);
})();
