/// The page's looks, on the screen and on paper.
enum ReportStyle {
  static let sheet = """
    :root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6775;--line:#dde3ea;--paper:#fff;--wash:#f5f7fa;\
    --a:#1f6fb2;--b:#d5761b;--c:#2d8a57;--bad:#b3261e}
    @media screen and (prefers-color-scheme:dark){:root{--ink:#e3e8ee;--soft:#9aa7b5;--line:#323c47;--paper:#1a2129;\
    --wash:#12171d;--a:#5aa7e6;--b:#eb9a4a;--c:#58b886;--bad:#f2665c}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--wash);color:var(--ink);font:15px/1.5 system-ui,-apple-system,\
    "Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    header{background:#1d2733;color:#fff;padding:28px max(24px,calc(50% - 520px))}
    h1{margin:0;font-size:26px;font-weight:650;overflow-wrap:anywhere}
    .lead{margin:4px 0 0;color:#c4cfda}
    main{max-width:1088px;margin:0 auto;padding:8px 24px 48px}
    section{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:20px 24px;\
    margin-top:20px}
    nav{display:flex;flex-wrap:wrap;gap:2px 16px;margin-top:14px;font-size:13.5px}
    nav a{color:var(--a);text-decoration:none}
    footer{max-width:1088px;margin:0 auto;padding:0 24px 32px;color:var(--soft);font-size:12.5px}
    h2{margin:0 0 4px;font-size:18px;font-weight:650}
    p.note{margin:0 0 12px;color:var(--soft);font-size:13.5px;max-width:78ch}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:10px 0 0}
    dt{color:var(--soft)}
    dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
    table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
    th{color:var(--soft);font-weight:600;text-align:right;padding:4px 8px;border-bottom:2px solid \
    var(--line);vertical-align:bottom}
    td{text-align:right;padding:3px 8px;border-bottom:1px solid var(--line);white-space:nowrap}
    th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;\
    overflow-wrap:anywhere;min-width:180px}
    table.text th,table.text td{text-align:left;white-space:normal;overflow-wrap:anywhere}
    .wide{overflow-x:auto}
    tr.marked td:first-child{color:var(--bad);font-weight:600}
    svg .marked{fill:var(--bad);font-weight:600}
    .ok{color:var(--c);font-weight:650}
    .finding{border-left:4px solid var(--bad);padding:2px 0 2px 14px;margin:14px 0}
    .finding h3{margin:0;font-size:15px;overflow-wrap:anywhere}
    .finding p{margin:2px 0;overflow-wrap:anywhere}
    .finding b{color:var(--soft);font-weight:600}
    code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--wash);\
    padding:1px 4px;border-radius:4px}
    svg{display:block;width:100%;height:auto;margin-top:8px}
    svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
    svg .tick{fill:var(--soft);font-size:11px}
    svg .grid{stroke:var(--line);stroke-width:1}
    svg .mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 3}
    .many{stroke:var(--soft);stroke-opacity:.45;fill:none;stroke-width:1.2}
    .told{stroke:var(--bad);fill:none;stroke-width:2}
    .fa{fill:var(--a)}.fb{fill:var(--b)}.fc{fill:var(--c)}
    .la{stroke:var(--a);fill:none;stroke-width:2}.lb{stroke:var(--b);fill:none;stroke-width:2}
    .legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;font-size:13px;color:var(--soft)}
    .legend i{display:inline-block;width:10px;height:10px;border-radius:5px;margin-right:6px}
    .ba{background:var(--a)}.bb{background:var(--b)}.bc{background:var(--c)}.bt{background:var(--bad)}
    @media (max-width:640px){
    main{padding:4px 10px 32px}
    section{padding:14px 12px}
    dl{grid-template-columns:1fr;gap:0}
    dd{margin-bottom:8px}
    .chart{overflow-x:auto}
    .chart svg{min-width:620px}
    }
    @media print{
    nav{display:none}
    h2,h3{break-after:avoid}
    body{background:#fff;font-size:11pt}
    header{background:#fff;color:#000;padding:0 0 8px;border-bottom:2px solid #000}
    .lead{color:#444}
    main{padding:0;max-width:none}
    section{border:0;padding:0;margin-top:18px;break-inside:avoid}
    section.long{break-inside:auto}
    tr,.finding{break-inside:avoid}
    thead{display:table-header-group}
    table{font-size:8.5pt}
    *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
    @page{margin:16mm}
    }
    """
}
