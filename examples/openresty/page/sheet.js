/* The form: what was read, what the checks say of it, and what the user makes of both. */

import { Problem, check } from "./service.js";

const PAUSE_MS = 300;
const FIELDS = {
    front: ["name", "gender", "nationality", "birth", "addr", "id"],
    back: ["valid_date"],
};
const TYPES = { front: "Front", back: "Back" };
const LEVELS = { error: "有误", warning: "提醒" };

const form = document.getElementById("form");
const summary = document.getElementById("summary");
const facts = document.getElementById("facts");
const candidates = document.getElementById("candidates");
const recognized = new Set();
let asking = new AbortController();
let pause = 0;

function input(field) {
    return form.elements.namedItem(field);
}

/* A side as the form has it now; null if nothing stands there. */
function card(side) {
    const values = FIELDS[side].map((field) => [field, input(field).value.trim()]);
    if (!recognized.has(side) && values.every(([, value]) => value === "")) {
        return null;
    }
    return { type: TYPES[side], ...Object.fromEntries(values) };
}

/* Puts what was read of a side into its fields. */
export function fill(side, answer) {
    recognized.add(side);
    for (const field of FIELDS[side]) {
        input(field).value = answer.card[field] ?? "";
    }
    if (card(side === "front" ? "back" : "front")) {
        ask(); // for what one side says of the other
    } else if (answer.report) {
        show(answer.report);
    }
}

export function forget(side) {
    if (recognized.delete(side)) {
        for (const field of FIELDS[side]) {
            input(field).value = "";
        }
        ask();
    }
}

/* Has the form checked, and shows what comes; an answer that is out of date is not waited for. */
async function ask() {
    clearTimeout(pause);
    asking.abort();
    asking = new AbortController();
    const sides = { front: card("front"), back: card("back") };
    if (!sides.front && !sides.back) {
        show(null);
        return;
    }
    try {
        show(await check(sides, asking.signal));
    } catch (problem) {
        if (problem instanceof Problem) {
            summarize("warning", `暂时无法核对：${problem.message}`);
        }
    }
}

/* The findings to show. Who fills the form in by hand has not forgotten what is to come. */
function shown(report) {
    return (report?.findings ?? []).filter((finding) => {
        const side = FIELDS.back.includes(finding.field) ? "back" : "front";
        return recognized.has(side) || !finding.code.endsWith("_missing");
    });
}

function show(report) {
    const findings = shown(report);
    for (const field of [...FIELDS.front, ...FIELDS.back]) {
        mark(field, findings.filter((finding) => finding.field === field));
    }
    offerCandidates(report?.id?.candidates ?? []);
    const errors = findings.filter((finding) => finding.level === "error").length;
    if (!report) {
        summarize("", "等待照片，也可以直接填写。");
    } else if (errors > 0) {
        summarize("error", `有 ${errors} 处有误，请对照证件修改。`);
    } else if (findings.length > 0) {
        summarize("warning", `没有发现错误，有 ${findings.length} 处请留意。`);
    } else {
        summarize("good", "没有发现问题，请再对照证件看一遍。");
    }
    facts.textContent = describe(report);
}

function mark(field, found) {
    // "error" comes before "warning", as it should.
    const findings = [...found].sort((one, other) => one.level.localeCompare(other.level));
    const level = findings[0]?.level ?? "";
    const box = form.querySelector(`[data-field="${field}"]`);
    box.dataset.level = level;
    input(field).setAttribute("aria-invalid", String(level === "error"));
    box.querySelector(".notes").replaceChildren(...findings.map((finding) => {
        const note = document.createElement("p");
        note.dataset.level = finding.level;
        const word = document.createElement("span");
        word.className = "unseen";
        word.textContent = `${LEVELS[finding.level]}：`;
        note.append(word, finding.message_zh);
        return note;
    }));
}

function summarize(level, sentence) {
    summary.dataset.level = level;
    summary.textContent = sentence;
}

/* What follows from the card, in a line. */
function describe(report) {
    if (!report) {
        return "";
    }
    const { age, id, valid_until: until, days_left: left } = report;
    return [
        age === undefined ? "" : `${age} 岁`,
        id?.province ?? "",
        until === "长期" ? "长期有效" : "",
        left >= 0 ? `有效期还有 ${left} 天` : "",
    ].filter(Boolean).join(" · ");
}

/* The numbers that may have been meant. Only the user puts one into the field. */
function offerCandidates(numbers) {
    const hadFocus = candidates.contains(document.activeElement);
    const title = document.getElementById("candidates-title");
    candidates.replaceChildren(title, ...numbers.map((number) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "candidate figures";
        button.append(...differing(number, input("id").value.trim()));
        button.addEventListener("click", () => {
            input("id").value = number;
            input("id").focus();
            ask();
        });
        return button;
    }));
    candidates.hidden = numbers.length === 0;
    if (hadFocus && numbers.length === 0) {
        input("id").focus();
    }
}

/* The characters of a number, those marked that are others than were read. */
function differing(number, given) {
    return Array.from(number, (character, position) => {
        const part = document.createElement(character === given[position] ? "span" : "mark");
        part.textContent = character;
        return part;
    });
}

/* The whole form as text, a line for each field that is filled in. */
export function text() {
    return [...form.querySelectorAll(".field")]
        .map((box) => [box.querySelector("label"), input(box.dataset.field)])
        .map(([label, { value }]) => [label.textContent, value.trim()])
        .filter(([, value]) => value !== "")
        .map(([label, value]) => `${label}：${value}`)
        .join("\n");
}

form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, PAUSE_MS);
});
form.addEventListener("submit", (event) => event.preventDefault());
