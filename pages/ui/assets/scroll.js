// Scrolls to the container that pages/ui/scroll.py names, once for each wish.
const done = { count: 0, target: "" };

const find = (target) => document.getElementsByClassName(`st-key-${target}`)[0];

export default function ({ data }) {
  const { target, count } = data;
  if (!/^[a-z0-9_-]+$/.test(target) || (done.count === count && done.target === target)) return;
  done.count = count;
  done.target = target;
  const end = performance.now() + 15000; // a slow machine takes seconds to draw a hundred turns
  let stopped = false;
  let top = null;
  let settled = 0;
  // Code and tables above the target grow while they load: stay with it until it stands still.
  const follow = () => {
    if (done.count !== count || stopped || performance.now() > end) return;
    const element = find(target);
    if (element) {
      const now = Math.round(element.getBoundingClientRect().top);
      settled = now === top ? settled + 1 : 0;
      element.style.scrollMarginTop = "4.5rem"; // below Streamlit's own header
      if (settled === 0) element.scrollIntoView({ block: "start" });
      top = Math.round(element.getBoundingClientRect().top);
      if (settled >= 12) return;
    }
    setTimeout(follow, 60);
  };
  // A reader who scrolls has the last word.
  const stop = () => { stopped = true; };
  addEventListener("wheel", stop, { once: true, passive: true });
  addEventListener("touchmove", stop, { once: true, passive: true });
  follow();
}
