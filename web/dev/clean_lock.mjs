// Takes every network address out of package-lock.json (npm writes who wants to be paid there, and
// sometimes a notice of deprecation). `npm ci` needs none of it. Run by `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.deprecated;
  delete entry.resolved;
}
const text = `${JSON.stringify(lock, null, 2)}\n`;
if (/https?:/.test(text)) throw new Error('package-lock.json still holds a network address');
writeFileSync(file, text);
