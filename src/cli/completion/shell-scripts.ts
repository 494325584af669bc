export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/**
 * What each shell needs to ask `jobwire complete`, which prints a word a line, behind a tab what it is,
 * or `:path` where the shell's own completion of paths is better. Commands and options are not in the
 * script: it fits every version.
 */
export const shellScripts: Readonly<Record<Shell, string>> = {
  // Bash cuts words at characters such as = and @; what belongs together is put together again, and of
  // each candidate only what follows the last cut is given back.
  bash: `# bash completion of jobwire; use it with: eval "$(jobwire completion bash)"
_jobwire() {
  local line="\${COMP_LINE:0:COMP_POINT}" word candidate cut i
  local words=() candidates=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if ((i == 0)) || [[ "$line" == [[:space:]]* ]]; then words+=("$word"); else words[-1]+="$word"; fi
    line="\${line#"\${line%%[![:space:]]*}"}"
    line="\${line#"$word"}"
  done
  mapfile -t candidates < <(jobwire complete -- "\${words[@]:1}" 2> /dev/null)
  COMPREPLY=()
  if [[ "\${candidates[0]}" == ":path" ]]; then
    compopt -o default
    return
  fi
  cut=$((\${#words[-1]} - \${#2}))
  for candidate in "\${candidates[@]}"; do
    candidate="\${candidate%%$'\\t'*}"
    COMPREPLY+=("\${candidate:cut}")
  done
}
complete -F _jobwire jobwire
`,
  zsh: `#compdef jobwire
# zsh completion of jobwire; use it, after compinit, with: eval "$(jobwire completion zsh)"
_jobwire() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(jobwire complete -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ "\${lines[1]}" == ":path" ]]; then
    _files
    return
  fi
  for line in "\${lines[@]}"; do
    [[ -n "$line" ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe jobwire candidates
}
compdef _jobwire jobwire
`,
  fish: `# fish completion of jobwire; use it with: jobwire completion fish | source
function __jobwire_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (jobwire complete -- $words[2..-1] 2> /dev/null)
  if test "$candidates[1]" = ":path"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $candidates
  end
end
complete -c jobwire -f -a "(__jobwire_complete)"
`,
};
