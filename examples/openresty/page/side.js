/* One side of the card: its drop zone, its picture, and how far that has got. */

import { Problem, recognize } from "./service.js";

const SIDES = {
    front: { type: "Front", title: "人像面", other: "国徽面" },
    back: { type: "Back", title: "国徽面", other: "人像面" },
};

export class Side {
    /* `name` is front or back. `events` has read(side, answer), when a card has been read;
     * forgotten(side), when it no longer counts; and moved(side, file, answer), when the user says
     * that it belongs to the other side. */
    constructor(name, events) {
        this.name = name;
        this.events = events;
        this.words = SIDES[name];
        const template = document.getElementById("side").content;
        this.element = template.firstElementChild.cloneNode(true);
        this.element.id = `side-${name}`;
        for (const part of ["zone", "state", "retry", "move", "camera"]) {
            this[part] = this.element.querySelector(`.${part}`);
        }
        this.image = this.element.querySelector("img");
        this.bar = this.element.querySelector("progress");
        this.label();
        this.listen();
    }

    /* Gives the parts the names by which they refer to each other. */
    label() {
        const title = this.element.querySelector("h3");
        title.textContent = this.words.title;
        title.id = `title-${this.name}`;
        this.state.id = `state-${this.name}`;
        this.element.setAttribute("aria-labelledby", title.id);
        this.element.querySelector("use").setAttribute("href", `#drawing-${this.name}`);
        const input = this.zone.firstElementChild;
        input.id = `picture-${this.name}`;
        input.setAttribute("aria-label", `选择${this.words.title}照片`);
        this.element.querySelector(".change").htmlFor = input.id;
        this.camera.firstElementChild.setAttribute("aria-label", `拍摄${this.words.title}`);
        for (const each of this.element.querySelectorAll("input")) {
            each.setAttribute("aria-describedby", this.state.id);
        }
        this.move.textContent = `移到${this.words.other}`;
    }

    listen() {
        for (const input of this.element.querySelectorAll("input")) {
            input.addEventListener("change", () => {
                const [file] = input.files;
                input.value = ""; // or the same file, chosen again, would be no change
                if (file) {
                    this.choose(file);
                }
            });
        }
        this.zone.addEventListener("dragover", (event) => {
            event.preventDefault();
            this.zone.classList.add("over");
        });
        this.zone.addEventListener("dragleave", () => this.zone.classList.remove("over"));
        this.zone.addEventListener("drop", (event) => {
            event.preventDefault();
            this.zone.classList.remove("over");
            const [file] = event.dataTransfer.files;
            if (file) {
                this.choose(file);
            }
        });
        this.retry.addEventListener("click", () => this.send());
        this.move.addEventListener("click", () => {
            const { file, answer } = this;
            this.clear();
            this.events.moved(this, file, answer);
        });
        // What the browser cannot show may still be a picture to the service.
        this.image.addEventListener("error", () => this.hidePreview());
    }

    choose(file) {
        this.clear();
        this.show(file);
        this.send();
    }

    show(file) {
        this.file = file;
        this.image.src = URL.createObjectURL(file);
        this.image.hidden = false;
        this.image.alt = `${this.words.title}照片预览`;
        this.element.classList.add("filled");
    }

    hidePreview() {
        if (!this.image.hidden) {
            URL.revokeObjectURL(this.image.src);
            this.image.removeAttribute("src");
            this.image.hidden = true;
            this.image.alt = "";
            this.element.classList.remove("filled");
        }
    }

    async send() {
        const sending = new AbortController();
        this.sending = sending;
        this.say("sending", "正在上传…");
        this.progress(0);
        try {
            const progress = (part) => this.progress(part);
            this.take(await recognize(this.file, progress, sending.signal));
        } catch (problem) {
            if (!(problem instanceof Problem)) {
                throw problem;
            }
            this.say("failed", problem.message);
            this.offer(this.retry, problem.retryable);
        }
    }

    progress(part) {
        this.bar.value = part;
        this.bar.hidden = part === 1;
        if (part === 1) {
            this.say("reading", "正在识别…");
        }
    }

    /* Takes the card that was read, if it is of this side. */
    take(answer) {
        this.answer = answer;
        const { type } = answer.card;
        if (type && type !== this.words.type) {
            this.say("failed", `这是${this.words.other}的照片，请换成${this.words.title}。`);
            this.offer(this.move, true);
            return;
        }
        this.say("done", "已识别，请核对。");
        this.events.read(this, answer);
    }

    /* Shows a button, or hides it. Whoever was on the button that goes away comes to the zone. */
    offer(button, isOffered) {
        const isLeft = !isOffered && document.activeElement === button;
        button.hidden = !isOffered;
        if (isLeft) {
            this.zone.firstElementChild.focus();
        }
    }

    say(state, sentence) {
        this.element.dataset.state = state;
        this.state.textContent = sentence;
        this.bar.hidden = state !== "sending";
        this.offer(this.retry, false);
        this.offer(this.move, false);
    }

    /* Forgets the picture, and breaks off what goes on with it. */
    clear() {
        this.sending?.abort();
        this.hidePreview();
        this.file = null;
        this.answer = null;
        this.say("", "");
        this.events.forgotten(this);
    }
}
