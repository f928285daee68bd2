/**
 * Each shell's part: it gives the words to `lxctl __complete` and takes the candidates, one a line, with a tab before what it
 * is; `:files` asks for names of files. The program asked is the one that is being typed.
 */
export const scripts = {
  // bash cuts words at the characters of COMP_WORDBREAKS and replaces the last piece alone.
  bash: `# bash completion for lxctl, made by "lxctl completion bash"
_lxctl() {
  local line=\${COMP_LINE:0:COMP_POINT} breaks= current prefix candidate about
  local -a words=()
  read -ra words <<<"$line"
  [[ $line != *[[:space:]] ]] || words+=('')
  current=\${words[-1]}
  [[ $COMP_WORDBREAKS != *=* ]] || breaks+==
  [[ $COMP_WORDBREAKS != *:* ]] || breaks+=:
  prefix=
  [[ -z $breaks ]] || prefix=\${current%"\${current##*[$breaks]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate about; do
    if [[ $candidate == :files ]]; then
      compopt -o default
      continue
    fi
    [[ $candidate != *[=/.:] ]] || compopt -o nospace
    COMPREPLY+=("\${candidate#"$prefix"}")
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
}
complete -F _lxctl lxctl
`,
  zsh: `#compdef lxctl
# zsh completion for lxctl, made by "lxctl completion zsh"
_lxctl() {
  local line word about
  local -a whole open described
  for line in "\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    word=\${line%%$'\\t'*}
    about=\${line#*$'\\t'}
    [[ -n $word ]] || continue
    if [[ $word == :files ]]; then
      _files
    elif [[ $word == *[=/.:] ]]; then
      open+=("$word")
    else
      whole+=("$word")
      described+=("\${word}\${about:+  -- $about}")
    fi
  done
  (( \${#whole} )) && compadd -l -d described -a whole
  (( \${#open} )) && compadd -S '' -a open
  return 0
}
if [[ \${funcstack[1]} == _lxctl ]]; then _lxctl "$@"; else compdef _lxctl lxctl; fi
`,
  fish: `# fish completion for lxctl, made by "lxctl completion fish"
function __lxctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if string match -q ':files*' -- $line
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c lxctl -f -a '(__lxctl_complete)'
`,
} as const;

export type Shell = keyof typeof scripts;
