// What record-sessions.mjs records: programs, and what is typed into them.

/**
 * What happens to a program: keys that are typed, or columns and rows from then on.
 * @typedef {string | readonly [columns: number, rows: number]} Step
 * @typedef {object} RecordedProgram
 * @property {string} name
 * @property {readonly [columns: number, rows: number]} [size] unless given, those of most windows
 * @property {string} command for a shell, in a folder with what `files` has
 * @property {readonly Step[]} steps each one after the program has fallen silent
 */

const enter = "\r";
const escape = "\u001b";
const shell = "bash --noprofile --rcfile settings.sh -i";

/** @type {readonly RecordedProgram[]} */
export const recordedPrograms = [
  {
    name: "less",
    command: "LESSHISTFILE=- less -R -M text.txt",
    steps: [
      " ",
      "jjj",
      "kk",
      "/wide\r",
      "n",
      "N",
      "&line 1\r",
      "&\r",
      "G",
      "?colour\r",
      "g",
      "\u0002",
      "-N\r",
      [60, 16],
      "d",
      "u",
      [80, 24],
      "q",
    ],
  },
  {
    name: "vim",
    command: "vim -u NONE -i NONE -N --cmd 'syntax on | set number ruler hlsearch' program.c",
    steps: [
      "jjjjcwdouble" + escape,
      ":split text.txt\r",
      "\u0017\u000f:vsplit\r",
      "Oa 世界 line" + escape,
      "yyp3P",
      "/line\r",
      "ddu",
      [64, 18],
      "vjj>",
      "\u0017j\u0006\u0002",
      ":set wrap! | set list\r",
      ":only\r",
      [90, 30],
      "Goend of the text, in a line that goes on until it is wider than the window is, and on" +
        escape,
      ":qa!\r",
    ],
  },
  {
    name: "shell",
    size: [40, 12],
    command: shell,
    steps: [
      "ls --color=always -l folder\r",
      "ls --color=always folder\r",
      "echo a command line that is far wider than the window and goes on in the next row, and on",
      "\u0001\u001bf\u001bfXX\u0005",
      [30, 12],
      "\u0017\u0017\u0017",
      enter,
      "printf '\\e[1;4;38;5;208mcolours\\e[0m \\e[7mreverse\\e[m \\e[3;9mand\\e[m\\n'\r",
      "ec\t\u0015",
      "\u0012colo",
      "\u0007",
      "cat text.txt | head -n 30\r",
      [50, 8],
      "tabs -5; printf '\\ta\\tb\\tc\\n'\r",
      "tabs -8; printf '\\ta\\tb\\tc\\n'\r",
      "clear\r",
      "exit\r",
    ],
  },
  {
    name: "htop",
    size: [72, 20],
    command: "sleep 100 & sleep 200 & (sleep 300 & sleep 400) & htop --delay=5",
    steps: [
      "",
      "\u001bOB\u001bOB",
      "t",
      "\u001bOR",
      "slee",
      escape,
      [100, 24],
      "S",
      escape,
      [60, 14],
      "",
      "q",
    ],
  },
  {
    name: "top",
    size: [78, 16],
    command: "top -d 0.5 -w 78",
    steps: ["", "z", "x", "1", "V", [70, 12], "", "q"],
  },
  {
    name: "progress",
    size: [60, 6],
    command: "curl -# -o /dev/null $URL && curl -o /dev/null $URL",
    steps: [...Array(6).fill(""), [48, 6]],
  },
  {
    name: "tmux",
    command: "tmux -L recorded -f tmux.conf new-session",
    steps: [
      "head -n 30 text.txt\r",
      "\u0002%",
      "less -R text.txt\r",
      "jjjjj",
      '\u0002"',
      "for n in 1 2 3 4 5 6 7 8 9; do echo row $n; done\r",
      [70, 20],
      "\u0002[\u001bv",
      "q",
      "\u0002z",
      "\u0002z",
      "\u0002&",
      "y",
    ],
  },
  {
    name: "borders",
    size: [40, 12],
    // Without UTF-8, lines are drawn with a character set of their own.
    command: "LC_ALL=C tmux -L recorded -f tmux.conf new-session",
    steps: ["\u0002%", '\u0002"', "echo right\r", [36, 10], "\u0002o", "\u0002&", "y"],
  },
];

/** @type {Readonly<Record<string, string>>} */
export const files = {
  "text.txt": textLines().join(""),
  "program.c": programText(),
  "settings.sh": "PS1='\\[\\e[1;32m\\]$\\[\\e[m\\] '\nunset HISTFILE\n",
  "tmux.conf": [
    "set -g status-right ''",
    "set -g status-left '[#S] '",
    "set -g default-terminal screen-256color",
    "set -g escape-time 0",
    "set -g mouse on",
    "set -g automatic-rename off",
    `set -g default-command "${shell}"`,
    "set -g set-titles off",
  ].join("\n"),
  "folder/archive.tar": "",
  "folder/picture.png": "",
  "folder/a name with blanks": "",
  "folder/世界.txt": "",
  "folder/script*": "#!/bin/sh\n",
  "folder/below/file": "",
};

function textLines() {
  const red = "\u001b[31mcolour\u001b[m";
  return Array.from({ length: 120 }, (_, index) => {
    const number = `line ${index + 1}`;
    if (index % 9 === 4)
      return `${number} with wide characters: 世界 한국 日本語 and é, ü, e\u0301 😀\n`;
    if (index % 7 === 3) return `${number} has a ${red} and \u001b[1;4munderlined\u001b[m words\n`;
    if (index % 13 === 6) return `${number}${" and goes on".repeat(12)}\n`;
    if (index % 10 === 8) return `\tand\ttabs\t${number}\n`;
    return `${number} of the text\n`;
  });
}

function programText() {
  return `#include <stdio.h>

/* A comment
   of two lines. */
int sum(const int *values, int count) {
\tint total = 0;
\tfor (int i = 0; i < count; i++)
\t\ttotal += values[i];
\treturn total;
}

int main(void) {
\tint values[] = {1, 2, 3};
\tprintf("the sum is %d\\n", sum(values, 3)); // TODO
\treturn 0;
}
`;
}
