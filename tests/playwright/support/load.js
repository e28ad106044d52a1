// Visitors of the shop: each asks for one page after the other.
const { ask } = require("./http");
const { pause } = require("./processes");

const visits = ["/", "/item/3", "/search?q=vase", "/api/items", "/ping", "/item/7", "/cart", "/item/999"];

// `visitors` at once, each waiting `pauseMs` between two requests. stop() resolves, when all of them
// have their last answer, to how many requests were answered (by status) and how many were not.
function startLoad(url, { visitors = 4, pauseMs = 30 } = {}) {
  const result = { answered: 0, byStatus: {}, failed: [] };
  let running = true;

  async function visit(first) {
    for (let i = first; running; i++) {
      try {
        const { status } = await ask(url + visits[i % visits.length], { limitMs: 30_000 });
        result.answered++;
        result.byStatus[status] = (result.byStatus[status] ?? 0) + 1;
      } catch (error) {
        result.failed.push(error.message);
      }
      await pause(pauseMs);
    }
  }

  const all = Promise.all(Array.from({ length: visitors }, (_, i) => visit(i)));
  return {
    result,
    async stop() {
      running = false;
      await all;
      return result;
    },
  };
}

module.exports = { startLoad };
