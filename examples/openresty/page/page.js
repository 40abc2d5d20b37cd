/* Puts the parts of the page together. */

import { fill, forget, text } from "./sheet.js";
import { Side } from "./side.js";

const COPIED_MS = 2000;

const events = {
    read: (side, answer) => fill(side.name, answer),
    forgotten: (side) => forget(side.name),
    moved: (side, file, answer) => {
        const other = side === front ? back : front;
        other.clear();
        other.show(file);
        other.take(answer);
    },
};
const front = new Side("front", events);
const back = new Side("back", events);
document.getElementById("sides").append(front.element, back.element);

// A picture that is dropped beside a zone must not take the place of the page.
for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
}

document.getElementById("form").addEventListener("reset", () => {
    front.clear();
    back.clear();
    // The fields are emptied behind this event.
    setTimeout(() => document.getElementById("form").dispatchEvent(new Event("input")));
});

const copy = document.getElementById("copy");
copy.hidden = !navigator.clipboard; // which only a page from https or this machine has
copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    copy.textContent = "已复制";
    setTimeout(() => {
        copy.textContent = "复制";
    }, COPIED_MS);
});
