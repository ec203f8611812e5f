// Tables and bars behind the tabs. Rows are reused, so nothing flickers and a selection survives.

const byId = (id) => document.getElementById(id);

export function put(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// columns: [title, class, row => text]
function table(id, columns, rows, empty) {
  const node = byId(id);
  if (!node.tHead) {
    const head = node.createTHead().insertRow();
    for (const [title, className] of columns) {
      const cell = element("th", className, title);
      cell.scope = "col";
      head.append(cell);
    }
    node.createTBody();
  }
  const body = node.tBodies[0];
  if (!rows.length) {
    if (body.rows.length !== 1 || body.dataset.empty !== empty) {
      const cell = element("td", "text", empty);
      cell.colSpan = columns.length;
      const row = element("tr"); row.append(cell);
      body.replaceChildren(row);
      body.dataset.empty = empty;
    }
    return;
  }
  if (body.dataset.empty) { body.replaceChildren(); delete body.dataset.empty; }
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  while (body.rows.length < rows.length) {
    const row = body.insertRow();
    for (const [, className] of columns) row.append(element("td", className));
  }
  rows.forEach((row, i) => columns.forEach(([, , text], k) => {
    const cell = body.rows[i].cells[k], value = text(row);
    if (cell.textContent !== value) cell.textContent = value;
  }));
}

export function signals(rows) {
  table("signal-table", [
    ["Event time", "text mono", (r) => r.as_of],
    ["Kind", "text wide-only", (r) => r.kind + (r.revision ? ` r${r.revision}` : "")],
    ["Caused by", "text wide-only", (r) => r.trigger],
    ["Regime", "text", (r) => r.regime.toLowerCase()],
    ["Status", "text", (r) => r.status],
    ["Bid", "", (r) => r.bid],
    ["Mid", "", (r) => r.mid],
    ["Ask", "", (r) => r.ask],
    ["Score", "", (r) => r.score],
    ["Id", "text mono wide-only", (r) => r.id],
  ], rows, "No signal yet.");
}

export function instruments(rows) {
  table("instrument-table", [
    ["Instrument", "text", (r) => r.key],
    ["Regime", "text", (r) => r.regime.toLowerCase()],
    ["Status", "text", (r) => r.status],
    ["Mid", "", (r) => r.mid],
    ["Bid, bps below", "wide-only", (r) => r.bid_bps],
    ["Ask, bps above", "wide-only", (r) => r.ask_bps],
    ["Score", "", (r) => r.score],
  ], rows, "No instrument yet.");
}

export function pending(view) {
  put("pending-note", view.note || "");
  table("pending-table", [
    ["Transaction", "text mono", (r) => r.id],
    ["Instrument", "text", (r) => r.key],
    ["Taker", "text", (r) => r.side],
    ["Expected lots", "", (r) => r.lots],
    ["Chance of inclusion", "", (r) => r.chance],
    ["State", "text", (r) => r.state],
  ], view.rows, "No swap is pending.");
}

export function ladder(view) {
  const node = byId("ladder-table");
  put("ladder-note", view ? view.note : "The book of this instrument is not shown: nothing of it has been read yet.");
  const rows = view ? view.rows : [];
  while (node.rows.length > rows.length) node.deleteRow(-1);
  while (node.rows.length < rows.length) {
    const row = node.insertRow();
    for (const name of ["size bid", "price", "size ask"]) {
      const cell = element("td", name);
      if (name !== "price") cell.append(element("i"), element("span"));
      row.append(cell);
    }
  }
  rows.forEach((data, i) => {
    const row = node.rows[i];
    row.className = data.mark ? "mark" : "";
    row.cells[1].textContent = data.mark ? `${data.price} ${data.mark}` : data.price;
    for (const [k, side] of [[0, "bid"], [2, "ask"]]) {
      const [bar, text] = row.cells[k].children;
      text.textContent = data.side === side ? data.size : "";
      bar.style.width = data.side === side ? `${data.share * 100}%` : "0";
    }
  });
}

// Bars that start where the one above ends; the last is their sum.
export function bars(id, parts, score) {
  const node = byId(id);
  if (node.childElementCount !== (parts.length ? parts.length * 3 + 4 : 1)) {
    node.replaceChildren();
    if (!parts.length) node.append(element("p", "note", "No signal is valid at present: there is nothing to explain."));
    for (const part of parts) {
      const what = element("div", "what", part.name);
      what.append(element("small", "", part.meaning));
      node.append(what, track(), element("div", "num"));
    }
    if (parts.length) node.append(element("div", "sum"), element("div", "what total", "Score"), track(), element("div", "num total"));
  }
  if (!parts.length) return;
  let reached = 0, farthest = 0.25;
  for (const part of parts) { reached += part.contribution ?? 0; farthest = Math.max(farthest, Math.abs(reached)); }
  const scale = 50 / farthest;
  reached = 0;
  parts.forEach((part, i) => {
    const [, bar, number] = Array.from(node.children).slice(i * 3, i * 3 + 3);
    place(bar, reached, part.contribution, scale, part.reason);
    number.textContent = part.contribution_text;
    number.title = `value ${part.value_text} × weight ${part.weight}; ${part.share} of all contributions`;
    reached += part.contribution ?? 0;
  });
  const total = Array.from(node.children).slice(-2);
  place(total[0], 0, score === "–" ? null : reached, scale, "not known");
  total[1].textContent = score;
}

function track() {
  const node = element("div", "track");
  node.append(element("i"), element("em"));
  return node;
}

function place(node, from, length, scale, reason) {
  const [bar, note] = node.children;
  note.hidden = length !== null;
  note.textContent = length === null ? `null: ${reason}` : "";
  bar.hidden = length === null;
  if (length === null) return;
  bar.className = length < 0 ? "sell" : "buy";
  bar.style.left = `${50 + Math.min(from, from + length) * scale}%`;
  bar.style.width = `${Math.abs(length) * scale}%`;
}
