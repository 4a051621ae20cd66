// Scrolls to the container that pages/ui/scroll.py names, once for each wish.
const done = { count: 0, target: "" };

const find = (target) => document.getElementsByClassName(`st-key-${target}`)[0];

export default function ({ data }) {
  const { target, count } = data;
  if (!/^[a-z0-9_-]+$/.test(target) || (done.count === count && done.target === target)) return;
  done.count = count;
  done.target = target;
  let left = 40;
  let top = null;
  let settled = 0;
  // Code and tables above the target grow while they load: stay with it until it stands still.
  const follow = () => {
    if (done.count !== count || left-- <= 0) return;
    const element = find(target);
    if (element) {
      const now = Math.round(element.getBoundingClientRect().top);
      settled = now === top ? settled + 1 : 0;
      element.style.scrollMarginTop = "4.5rem"; // below Streamlit's own header
      if (settled === 0) element.scrollIntoView({ block: "start" });
      top = Math.round(element.getBoundingClientRect().top);
      if (settled >= 6) return;
    }
    setTimeout(follow, 60);
  };
  // A reader who scrolls has the last word.
  const stop = () => { left = 0; };
  addEventListener("wheel", stop, { once: true, passive: true });
  addEventListener("touchmove", stop, { once: true, passive: true });
  follow();
}
