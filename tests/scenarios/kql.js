// Reads queries, one JSON string a line, with Microsoft's own parser of the Kusto query language
// (npm: @kusto/language-service-next); prints what it finds wrong.
const fs = require("fs"), path = require("path"), vm = require("vm");
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  const name = path.join(process.argv[2], file);
  vm.runInThisContext(fs.readFileSync(name, "utf8"), { filename: name });
}
for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const query = JSON.parse(line);
  const found = Kusto.Language.KustoCode.Parse(query).GetSyntaxDiagnostics();
  const count = found.Count ?? found.length ?? 0;
  for (let at = 0; at < count; at++) {
    const one = found.getItem ? found.getItem(at) : found[at];
    console.log(`${one.Message}: ${query}`);
  }
}
