// The chart: mid, our bid and ask, the fixed spread, regime bands and bursts, on one canvas.
// A point is [time ms, shown until ms, mid, bid, ask, regime, status]; null stays a gap.

const REGIMES = ["calm", "elevated", "stressed", "halt"];
const LEFT = 74, RIGHT = 128, TOP = 26, BOTTOM = 44, RIBBON = 17;

export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.bursts = [];
    this.span = 60000;
    this.base = null;
    this.decimals = 2;
    this.low = this.high = null;
    this.receivedAt = 0;
    this.clock = 0;
    const repaint = () => { this.colours = null; };
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", repaint);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    let last = 0;
    const frame = (t) => {
      requestAnimationFrame(frame);
      if (t - last < (this.calm.matches ? 1000 : 40) || canvas.offsetParent === null) return;
      last = t;
      this.draw();
    };
    requestAnimationFrame(frame);
  }

  clear() { this.points = []; this.low = this.high = null; }

  take(view) {
    this.receivedAt = performance.now();
    this.clock = view.clock_ms;
    this.span = view.span_ms;
    this.bursts = view.bursts;
    this.decimals = view.decimals;
    this.base = view.fixed.bps;
    for (const point of view.points) {
      while (this.points.length && this.points.at(-1)[0] >= point[0]) this.points.pop();
      this.points.push(point);
    }
    const oldest = view.clock_ms - view.span_ms - 3000;
    while (this.points.length && this.points[0][0] < oldest) this.points.shift();
  }

  price(value) {
    return value.toLocaleString("en-US", { minimumFractionDigits: this.decimals, maximumFractionDigits: this.decimals });
  }

  // A quote holds until the next one or until it expires, whichever is first: [from, to, point].
  steps(now) {
    const from = now - this.span;
    return this.points.map((p, i) => {
      const next = i + 1 < this.points.length ? this.points[i + 1][0] : now;
      return [Math.max(p[0], from), Math.min(next, p[1], now), p];
    }).filter(([a, b]) => b > a);
  }

  domain(steps) {
    let low = Infinity, high = -Infinity;
    for (const [, , p] of steps) {
      for (const v of [p[2], p[3], p[4]]) if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    if (low > high) return false;
    const pad = Math.max((high - low) * 0.12, high * 1e-4);
    low -= pad; high += pad;
    if (this.low === null) { this.low = low; this.high = high; }
    // Grow quickly and shrink slowly, so that the scale does not jump about.
    this.low += (low - this.low) * (low < this.low ? 0.35 : 0.03);
    this.high += (high - this.high) * (high > this.high ? 0.35 : 0.03);
    return true;
  }

  draw() {
    const ratio = devicePixelRatio || 1, w = this.canvas.clientWidth, h = this.canvas.clientHeight;
    if (this.canvas.width !== Math.round(w * ratio) || this.canvas.height !== Math.round(h * ratio)) {
      this.canvas.width = Math.round(w * ratio); this.canvas.height = Math.round(h * ratio);
    }
    this.colours ??= palette(this.canvas);
    const g = this.canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, h);
    g.font = `12.5px ${getComputedStyle(this.canvas).fontFamily}`;
    const narrow = w < 560, left = narrow ? 12 : LEFT, right = narrow ? 84 : RIGHT;
    const now = this.clock + Math.min(performance.now() - this.receivedAt, 1000);
    const steps = this.steps(now);
    const box = { left, right: w - right, top: TOP, bottom: h - BOTTOM };
    const x = (t) => box.right - (now - t) / this.span * (box.right - box.left);
    this.drawTimes(g, box);
    if (!this.domain(steps)) return;
    const y = (v) => box.bottom - (v - this.low) / (this.high - this.low) * (box.bottom - box.top);
    this.drawRegimes(g, box, steps, x);
    if (!narrow) this.drawPrices(g, box, y);
    g.save();
    g.beginPath(); g.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4); g.clip();
    this.drawBand(g, steps, x, y);
    this.drawFixed(g, steps, x, y);
    this.drawLine(g, steps, x, y, 2, this.colours.mid, 1.5);
    this.drawLine(g, steps, x, y, 3, this.colours.bid, 2.2);
    this.drawLine(g, steps, x, y, 4, this.colours.ask, 2.2);
    g.restore();
    this.drawGaps(g, box, steps, x);
    this.drawBursts(g, box, x, now);
    this.drawLabels(g, box, steps.at(-1), y, now, narrow);
  }

  drawTimes(g, box) {
    const c = this.colours, seconds = this.span / 1000, every = box.right - box.left < 420 ? 20 : 10;
    g.fillStyle = c.soft; g.strokeStyle = c.rule; g.lineWidth = 1; g.textBaseline = "alphabetic"; g.textAlign = "center";
    for (let s = 0; s <= seconds; s += every) {
      const at = Math.round(box.right - s / seconds * (box.right - box.left)) + .5;
      g.globalAlpha = .5; line(g, at, box.top, at, box.bottom); g.globalAlpha = 1;
      g.textAlign = s === seconds ? "left" : "center";
      g.fillText(s ? `−${s} s` : "now", at, box.bottom + RIBBON + 22);
    }
  }

  drawPrices(g, box, y) {
    const c = this.colours, step = nice((this.high - this.low) / 4);
    g.fillStyle = c.soft; g.strokeStyle = c.rule; g.textAlign = "right"; g.textBaseline = "middle";
    for (let v = Math.ceil(this.low / step) * step; v <= this.high; v += step) {
      const at = Math.round(y(v)) + .5;
      if (at < box.top + 4 || at > box.bottom - 4) continue;
      g.globalAlpha = .5; line(g, box.left, at, box.right, at); g.globalAlpha = 1;
      g.fillText(this.price(v), box.left - 8, at);
    }
  }

  drawRegimes(g, box, steps, x) {
    const c = this.colours, runs = [];
    for (const [a, b, p] of steps) {
      const last = runs.at(-1);
      if (last && last.regime === p[5] && a - last.to < 250) last.to = b;
      else runs.push({ regime: p[5], from: a, to: b });
    }
    g.textBaseline = "middle"; g.textAlign = "left";
    for (const run of runs) {
      const from = x(run.from), to = x(run.to), name = REGIMES[run.regime];
      if (run.regime > 0) {
        g.fillStyle = c[name]; g.fillRect(from, box.top, to - from, box.bottom - box.top + RIBBON);
        if (run.regime > 1) { g.fillStyle = c.hatch; g.fillRect(from, box.top, to - from, box.bottom - box.top + RIBBON); }
      }
      g.strokeStyle = c.rule; g.strokeRect(from + .5, box.bottom + .5, to - from, RIBBON);
      if (to - from > g.measureText(name).width + 10) {
        g.fillStyle = run.regime ? c.text : c.soft; g.fillText(name, from + 6, box.bottom + RIBBON / 2 + 1);
      }
    }
  }

  drawBand(g, steps, x, y) {
    g.fillStyle = this.colours.band;
    for (const run of runsOf(steps, (p) => p[3] !== null && p[4] !== null)) {
      g.beginPath();
      for (const [a, b, p] of run) { g.lineTo(x(a), y(p[4])); g.lineTo(x(b), y(p[4])); }
      for (const [a, b, p] of run.toReversed()) { g.lineTo(x(b), y(p[3])); g.lineTo(x(a), y(p[3])); }
      g.closePath(); g.fill();
    }
  }

  drawFixed(g, steps, x, y) {
    if (this.base === null) return;
    g.strokeStyle = this.colours.fixed; g.lineWidth = 1; g.setLineDash([3, 3]);
    for (const sign of [-1, 1]) {
      this.stroke(g, runsOf(steps, (p) => p[2] !== null), x, (p) => y(p[2] * (1 + sign * this.base * 1e-4)));
    }
    g.setLineDash([]);
  }

  drawLine(g, steps, x, y, column, colour, width) {
    g.strokeStyle = colour; g.lineWidth = width; g.lineJoin = "round";
    this.stroke(g, runsOf(steps, (p) => p[column] !== null), x, (p) => y(p[column]));
  }

  stroke(g, runs, x, height) {
    for (const run of runs) {
      g.beginPath();
      for (const [a, b, p] of run) { g.lineTo(x(a), height(p)); g.lineTo(x(b), height(p)); }
      g.stroke();
    }
  }

  drawGaps(g, box, steps, x) {
    g.fillStyle = this.colours.soft; g.textAlign = "center"; g.textBaseline = "middle";
    const label = (from, to) => {
      if (x(to) - x(from) > 74) g.fillText("no quote", (x(from) + x(to)) / 2, (box.top + box.bottom) / 2);
    };
    steps.forEach(([, end], i) => { if (i + 1 < steps.length) label(end, steps[i + 1][0]); });
    for (const [a, b, p] of steps) if (p[3] === null) label(a, b);
  }

  drawBursts(g, box, x, now) {
    const c = this.colours;
    g.textBaseline = "alphabetic"; g.textAlign = "left";
    for (const burst of this.bursts) {
      if (burst.from > now) continue;
      const from = Math.max(x(burst.from), box.left), to = Math.min(x(Math.min(burst.to, now)), box.right);
      if (to <= from) continue;
      const text = `${burst.up ? "▲" : "▼"} informed ${burst.up ? "buyers" : "sellers"}`;
      g.fillStyle = c.burst; g.fillRect(from, box.top - 6, to - from, 4);
      g.strokeStyle = c.burst; g.setLineDash([2, 4]); g.lineWidth = 1;
      line(g, from + .5, box.top, from + .5, box.bottom); g.setLineDash([]);
      const width = g.measureText(text).width, edge = this.canvas.clientWidth - 8;
      g.fillText(text, Math.min(from, edge - width), box.top - 11);
    }
  }

  drawLabels(g, box, last, y, now, narrow) {
    if (!last || last[1] < now - 300) return;
    const c = this.colours, p = last[2];
    const labels = [["ask", 4, c.ask], ["mid", 2, c.text], ["bid", 3, c.bid]]
      .filter(([, column]) => p[column] !== null)
      .map(([name, column, colour]) => ({ text: narrow ? this.price(p[column]) : `${name} ${this.price(p[column])}`, at: y(p[column]), colour }));
    for (let i = 1; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + 17);
    const over = labels.length ? Math.max(0, labels.at(-1).at - box.bottom + 4) : 0;
    g.textAlign = "left"; g.textBaseline = "middle";
    for (const label of labels) { g.fillStyle = label.colour; g.fillText(label.text, box.right + 8, label.at - over); }
  }
}

function runsOf(steps, has) {
  const runs = [];
  let open = null, end = 0;
  for (const step of steps) {
    if (!has(step[2])) { open = null; continue; }
    if (!open || step[0] - end > 1) runs.push(open = []);
    open.push(step); end = step[1];
  }
  return runs;
}

function line(g, x0, y0, x1, y1) { g.beginPath(); g.moveTo(x0, y0); g.lineTo(x1, y1); g.stroke(); }

function nice(step) {
  const ten = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 2.5, 5, 10].map((k) => k * ten).find((v) => v >= step);
}

function palette(canvas) {
  const style = getComputedStyle(canvas), c = {};
  for (const name of ["text", "soft", "rule", "bid", "ask", "mid", "band", "fixed", "elevated", "stressed", "halt", "burst"]) {
    c[name] = style.getPropertyValue(`--${name}`).trim();
  }
  const tile = document.createElement("canvas"), g = tile.getContext("2d");
  tile.width = tile.height = 8;
  g.strokeStyle = style.getPropertyValue("--hatch").trim(); g.lineWidth = 1.5;
  for (const d of [-8, 0, 8]) line(g, d, 8, d + 8, 0);
  c.hatch = canvas.getContext("2d").createPattern(tile, "repeat");
  return c;
}
