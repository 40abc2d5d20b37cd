/* What the page asks of its server. Every failure is a Problem, with a sentence for the user. */

const LARGEST = 10 * 1024 * 1024;
const LONGEST_MS = 90000;

const TOO_LARGE = "照片超过 10 MB，请换一张小一些的。";
const NO_NETWORK = "网络不通，请检查网络后重试。";
const NO_ANSWER = "等了很久没有回应，请重试。";
const NO_SENSE = "服务出了问题，请稍后再试。";

export class Problem extends Error {
    constructor(message, retryable) {
        super(message);
        this.retryable = retryable;
    }
}

/* The answer to a request, or the problem that it tells of. A proxy in between may answer for the
 * server, and then it is no JSON. */
function read(status, text) {
    let answer = {};
    try {
        answer = JSON.parse(text);
    } catch {
        if (status === 413) {
            throw new Problem(TOO_LARGE, false);
        }
    }
    if (status === 200) {
        return answer;
    }
    const error = answer.error ?? { message: NO_SENSE, retryable: status >= 500 };
    throw new Problem(error.message, error.retryable);
}

/* Sends a picture, telling `progress` which part of it has gone, from 0 to 1. Gives the card and
 * the report on it. `signal` breaks it off, and then neither comes. */
export function recognize(file, progress, signal) {
    return new Promise((resolve, reject) => {
        if (file.size > LARGEST) {
            reject(new Problem(TOO_LARGE, false));
            return;
        }
        const form = new FormData();
        form.append("img", file);
        // fetch() does not tell how much has been sent.
        const request = new XMLHttpRequest();
        request.open("POST", "idcard");
        request.timeout = LONGEST_MS;
        request.upload.onprogress = (event) => progress(event.loaded / event.total);
        request.upload.onload = () => progress(1);
        request.onload = () => {
            try {
                resolve(read(request.status, request.responseText));
            } catch (problem) {
                reject(problem);
            }
        };
        request.onerror = () => reject(new Problem(NO_NETWORK, true));
        request.ontimeout = () => reject(new Problem(NO_ANSWER, true));
        signal.addEventListener("abort", () => request.abort());
        request.send(form);
    });
}

/* The report on the sides of a card, {front, back}. */
export async function check(sides, signal) {
    let response;
    let text;
    try {
        response = await fetch("check", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(sides),
            signal,
        });
        text = await response.text();
    } catch (error) {
        throw error.name === "AbortError" ? error : new Problem(NO_NETWORK, true);
    }
    return read(response.status, text).report;
}
