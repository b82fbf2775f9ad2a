"""How a report looks: plain CSS, two sets of colours, one column where there is room for no more."""

from __future__ import annotations

STYLE = """
:root{--back:#fff;--card:#fff;--text:#1f2328;--soft:#656d76;--line:#d8dee4;--accent:#0969da;--faint:#8fa3bd;
--bad:#cf5757;--best:#0969da;--bar:#5b8dc9}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--card:#151b23;--text:#e6edf3;--soft:#9198a1;--line:#30363d;
--accent:#58a6ff;--faint:#7d95b2;--bad:#e5736f;--best:#58a6ff;--bar:#4a7fbd}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);
font:14px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 16px}
header{margin:0 4px 20px}h1{font-size:24px;margin:0 0 6px;overflow-wrap:anywhere}h1 small{font-size:13px}
h2{font-size:15px;margin:0 0 10px}p{margin:4px 0;overflow-wrap:anywhere}
.stage{color:var(--soft);text-transform:uppercase;letter-spacing:.06em;font-size:12px}
.facts,.about,footer{color:var(--soft);font-size:12px}.about{margin-top:8px}.best{font-size:15px}
.why{color:var(--bad)}
.sections{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:14px;grid-auto-flow:dense}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;min-width:0}
section.wide{grid-column:1/-1}
.grid{display:grid;gap:10px 18px;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr))}
.grid.large{grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr))}
figure{margin:0}figcaption{font-size:12.5px;font-weight:600;overflow-wrap:anywhere}
figure>svg,.chart{display:block;width:100%;height:auto}
.scrolled{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 14px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}tr:last-child td{border-bottom:0}
td{max-width:30em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
code{font-size:12px}a{color:var(--accent)}footer{margin:18px 4px}
svg{fill:var(--text)}svg text{font-family:inherit}
svg .mark{font-size:10.5px;fill:var(--soft)}svg .name{font-size:11px;fill:var(--soft)}svg .label{font-size:12px}
svg .strong{font-weight:600}svg .halo{paint-order:stroke;stroke:var(--card);stroke-width:3px}
svg path{fill:none}
path.grid{stroke:var(--line);stroke-width:1}path.axis{stroke:var(--soft);stroke-width:1}
path.dots{stroke-linecap:round;stroke-width:5}path.dots.faint{stroke:var(--faint);opacity:.75}
path.dots.bad{stroke:var(--bad);opacity:.8}path.dots.accent{stroke:var(--accent);stroke-width:9}
path.best{stroke:var(--best);stroke-width:2;stroke-linejoin:round}
path.course{stroke:var(--faint);stroke-width:1;opacity:.8}path.lost{stroke-dasharray:3 3}
path.edge{stroke:var(--soft);stroke-width:1.2;opacity:.8}rect.bar{fill:var(--bar)}
rect.box{fill:var(--back);stroke:var(--line)}rect.this{stroke:var(--accent);stroke-width:2}
path.fifth{stroke:var(--faint);stroke-width:1.1}
.f0{opacity:1;stroke:var(--accent)!important}.f1{opacity:.75}.f2{opacity:.55}.f3{opacity:.4}.f4{opacity:.28}
@media print{section{break-inside:avoid}}
"""
