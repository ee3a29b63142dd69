"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const STEP = 120;
  const make = (name, props = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(props)) {
      if (key === "class") node.className = value;
      else if (key in node && !key.includes("-")) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };
  const whole = (n) => Math.round(n).toLocaleString("en");
  const share = (n) => (n == null ? "–" : (100 * n).toFixed(1) + " %");
  const signed = (n) => (n == null ? "–" : (n > 0 ? "+" : "") + (100 * n).toFixed(3));
  const FORMATS = { whole, share, signed, word: (x) => x || "" };

  // Columns: field, heading, format, whether a bar stands beside the number, explanation.
  const columns = data.columns;
  let state = { sort: data.sort, down: true, shown: STEP, open: new Set() };
  const verdicts = new Map();

  $("about").textContent = data.about;
  for (const [label, value, note] of data.totals) {
    $("totals").append(make("div", { class: "figure" }, make("small", {}, label), make("b", {}, value), make("small", {}, note || "")));
  }

  const choices = (id, field) => {
    const counts = new Map();
    for (const rule of data.rules) counts.set(rule[field], (counts.get(rule[field]) || 0) + 1);
    for (const name of [...counts.keys()].sort()) {
      $(id).append(make("option", { value: name || "-" }, `${name || "open"} (${counts.get(name)})`));
    }
    $(id).addEventListener("change", () => draw(true));
  };
  choices("language", "language");
  choices("class", "cls");
  if (data.labelled) choices("verdict", "verdict"); else $("judged").hidden = true;
  $("find").addEventListener("input", () => draw(true));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => { state.shown += 400; draw(false); });

  const head = make("tr");
  for (const [field, label, format, , about] of columns) {
    const button = make("button", { type: "button", title: about }, label);
    button.addEventListener("click", () => {
      state.down = state.sort === field ? !state.down : format !== "word";
      state.sort = field;
      draw(true);
    });
    head.append(make("th", { scope: "col", class: format === "word" ? "word" : "", "data-field": field }, button));
  }
  document.querySelector("#table thead").append(head);

  const filtered = () => {
    const wanted = $("find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const is = (id, value) => !$(id).value || $(id).value === (value || "-");
    return data.rules.filter((rule) => {
      if (!is("language", rule.language) || !is("class", rule.cls) || !is("verdict", rule.verdict)) return false;
      const text = `${rule.id} ${rule.cls} ${rule.why} ${rule.verdict || ""}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  };
  const sorted = (rules) => {
    const field = state.sort, sign = state.down ? -1 : 1;
    const value = (rule) => (rule[field] == null ? null : rule[field]);
    return rules.slice().sort((a, b) => {
      const x = value(a), y = value(b);
      if (x === y) return a.id < b.id ? -1 : 1;
      if (x === null || y === null) return x === null ? 1 : -1;
      return (x < y ? -1 : 1) * sign;
    });
  };

  const most = {};
  for (const [field, , format, bar] of columns) {
    if (bar) most[field] = Math.max(1e-9, ...data.rules.map((rule) => Math.abs(rule[field] || 0)));
  }

  function row(rule) {
    const tr = make("tr", { "data-id": rule.id });
    for (const [field, , format, bar] of columns) {
      const value = rule[field];
      if (field === "id") {
        const name = make("button", { type: "button", class: "name", title: rule.why, "aria-expanded": String(state.open.has(rule.id)) }, value);
        name.addEventListener("click", () => toggle(rule, tr, name));
        tr.append(make("td", {}, name));
      } else if (field === "verdict") {
        tr.append(make("td", { class: "word" }, value ? make("span", { class: "tag " + value, title: data.verdicts[value] || "" }, value) : ""));
      } else {
        const cell = make("td", { class: format === "word" ? "word" : "" });
        if (bar && value) cell.append(make("span", { class: "bar", style: `width:${Math.max(1, (56 * Math.abs(value)) / most[field])}px` }));
        cell.append(FORMATS[format](value));
        tr.append(cell);
      }
    }
    return tr;
  }
  function draw(reset) {
    if (reset) state.shown = STEP;
    const rules = sorted(filtered());
    const body = document.createDocumentFragment();
    for (const rule of rules.slice(0, state.shown)) {
      const tr = row(rule);
      body.append(tr);
      if (state.open.has(rule.id)) body.append(detail(rule));
    }
    document.querySelector("#table tbody").replaceChildren(body);
    for (const th of head.children) {
      if (th.dataset.field === state.sort) th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    $("count").textContent = `${rules.length} of ${data.rules.length} rules`;
    $("more").hidden = rules.length <= state.shown;
  }
  function toggle(rule, tr, name) {
    if (state.open.delete(rule.id)) {
      tr.nextElementSibling.remove();
    } else {
      state.open.add(rule.id);
      tr.after(detail(rule));
    }
    name.setAttribute("aria-expanded", String(state.open.has(rule.id)));
  }

  function detail(rule) {
    const box = make("div");
    const list = make("dl");
    const line = (term, text) => text && list.append(make("dt", {}, term), make("dd", {}, text));
    line("why", rule.why);
    line("class", [rule.cls, rule.strength, rule.kind].filter(Boolean).join(", "));
    if (rule.worth != null) line("worth", `${signed(rule.worth)} points of word F1 [${signed(rule.low)}, ${signed(rule.high)}]`);
    if (rule.partner) line("overlap", `${share(rule.overlap)} of its lines are hit by others, most of all ${rule.partner}`);
    for (const [what, entries] of Object.entries(rule.groups || {})) {
      line("by " + what, entries.map(([name, hits, precision, , gain]) => `${name}: ${hits} lines${precision < 0 ? "" : ", precision " + share(precision)}${gain ? ", worth " + signed(gain) : ""}`).join(" · "));
    }
    for (const [chars, record, text] of rule.false || []) line("false", `${whole(chars)} characters of ${record}: ${text}`);
    box.append(list);
    const samples = data.samples[rule.id] || [];
    if (!samples.length) box.append(make("p", {}, "No sample: it removed nothing in this run."));
    samples.forEach(([record, pieces], number) => box.append(sample(rule, record, pieces, number)));
    return make("tr", { class: "detail" }, make("td", { colSpan: columns.length }, box));
  }
  function marked(pieces, rule) {
    const text = make("pre", { class: "text", dir: "auto" });
    for (const [string, by, score, wrong] of pieces) {
      if (by == null) { text.append(string); continue; }
      const name = data.names[by];
      const label = `${name} (${(score || 0).toFixed(2)})${wrong ? ": the labels keep this" : ""}`;
      text.append(make("del", { tabIndex: 0, "data-rule": name, "data-tip": label, "aria-label": `removed by ${label}: ${string}`,
        class: (wrong ? "wrong " : "") + (rule && rule !== name ? "other" : "") }, string));
    }
    return text;
  }
  function sample(rule, record, pieces, number) {
    const key = `${rule.id}\u0000${number}`;
    const box = make("article", { class: "sample", "data-verdict": (verdicts.get(key) || {}).verdict || "" });
    const buttons = ["accept", "reject"].map((verdict) => {
      const button = make("button", { type: "button", class: verdict, "aria-pressed": String(box.dataset.verdict === verdict),
        title: verdict === "accept" ? "right to go: becomes an example (key a)" : "should stay: becomes a keep (key r)" }, verdict);
      button.addEventListener("click", () => judge(box, key, verdict, rule, record, pieces, buttons));
      return button;
    });
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const verdict = { a: "accept", r: "reject" }[event.key];
      if (verdict) judge(box, key, verdict, rule, record, pieces, buttons);
    });
    box.append(make("header", {}, make("span", {}, record), ...buttons), marked(pieces, rule.id));
    return box;
  }
  function judge(box, key, verdict, rule, record, pieces, buttons) {
    const again = box.dataset.verdict === verdict;
    box.dataset.verdict = again ? "" : verdict;
    if (again) verdicts.delete(key); else verdicts.set(key, { verdict, id: rule.id, record, pieces });
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.className === box.dataset.verdict)));
    $("download").textContent = `Download verdicts (${verdicts.size})`;
    $("download").disabled = !verdicts.size;
  }

  // A case is a mini-diff: the lines that this rule takes, and the lines around them that stay.
  function caseOf({ verdict, id, pieces }) {
    const lines = [{ text: "", own: false, other: false, kept: false }];
    for (const [string, by] of pieces) {
      string.split("\n").forEach((part, number) => {
        if (number) lines.push({ text: "", own: false, other: false, kept: false });
        const line = lines[lines.length - 1];
        line.text += part;
        if (part.trim()) line[by == null ? "kept" : data.names[by] === id ? "own" : "other"] = true;
      });
    }
    const rows = lines.filter((line) => line.text.trim() && (line.own || line.kept || !line.other));
    return rows.map((line) => (verdict === "accept" && line.own && !line.kept ? "- " : "  ") + line.text.trim()).join("\n");
  }
  const quoted = (text) => (text.includes("'''") || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)
    ? JSON.stringify("\n" + text + "\n").replace(/\u007f/g, "\\u007f") : `'''\n${text}\n'''`);
  function toml() {
    const rules = new Map();
    for (const entry of verdicts.values()) {
      if (!rules.has(entry.id)) rules.set(entry.id, { accept: [], reject: [] });
      rules.get(entry.id)[entry.verdict].push(caseOf(entry));
    }
    const out = ["# Verdicts as cases: paste `examples` and `keeps` into the rule of that id.", ""];
    for (const [id, found] of [...rules].sort()) {
      out.push(`[${JSON.stringify(id)}]`);
      if (found.accept.length) out.push(`examples = [${found.accept.map(quoted).join(", ")}]`);
      if (found.reject.length) out.push(`keeps = [${found.reject.map(quoted).join(", ")}]`);
      out.push("");
    }
    return out.join("\n");
  }
  window.cleanerVerdicts = toml;
  $("download").addEventListener("click", () => {
    const link = make("a", { href: URL.createObjectURL(new Blob([toml()], { type: "application/toml" })), download: "verdicts.toml" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  const tip = $("tip");
  const show = (node) => {
    tip.textContent = node.dataset.tip;
    tip.hidden = false;
    const place = node.getBoundingClientRect();
    const top = place.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(8, Math.min(place.left, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (top > 4 ? top : Math.min(place.bottom + 6, innerHeight - tip.offsetHeight - 4)) + "px";
  };
  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const node = event.target.closest && event.target.closest("del[data-tip]");
      if (node) show(node); else tip.hidden = true;
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  function plainTable(title, headings, rows) {
    const box = make("div");
    const thead = make("tr");
    headings.forEach((text, n) => thead.append(make("th", { class: n ? "" : "word", style: "padding:6px 9px" }, text)));
    const tbody = make("tbody");
    for (const cells of rows) {
      const tr = make("tr");
      // Less harm is better; of all other figures more is.
      const less = /^(harmed|empt)/.test(cells[0]);
      const colour = (text) => (!/^[+-].*[1-9]/.test(text) ? "" : (text[0] === "+") !== less ? "plus" : "minus");
      cells.forEach((text, n) => tr.append(make("td", { class: (n ? "" : "word ") + (n === 3 ? colour(text) : "") }, text)));
      tbody.append(tr);
    }
    box.append(make("h2", {}, title), make("div", { class: "scroll" }, make("table", {}, make("thead", {}, thead), tbody)));
    return box;
  }
  const columnsBox = make("div", { class: "columns" });
  for (const { title, headings, rows } of data.tables) columnsBox.append(plainTable(title, headings, rows));
  $("groups").append(columnsBox);

  if (data.compare) {
    const { names, headings, rows, better, worse } = data.compare;
    const section = $("compare");
    section.hidden = false;
    section.append(plainTable(`${names[0]} → ${names[1]}`, headings, rows));
    for (const [title, docs] of [["Better with " + names[1], better], ["Worse with " + names[1], worse]]) {
      section.append(make("h2", {}, `${title} (${docs.length} shown)`));
      for (const [record, change, one, other] of docs) {
        const box = make("details", {}, make("summary", {}, `${record}: ${signed(change)} points of word F1`));
        box.addEventListener("toggle", () => {
          if (box.open && box.childElementCount === 1) {
            box.append(make("div", { class: "sides" }, ...[one, other].map((pieces, n) => make("div", {}, make("b", {}, names[n]), marked(pieces)))));
          }
        });
        section.append(box);
      }
    }
  }
  if (data.rules.length) draw(true); else $("rules").hidden = true;
  document.documentElement.dataset.ready = "yes";
})();
