/**
 * Completions for bash, zsh and fish: a table of all commands, and a little code that walks over
 * the words typed so far. Names come from `lithos __names`, so they are those of what runs;
 * where it says nothing, nothing is offered.
 */
import type { Option } from '../cli/args.ts'
import { wordsOfOption } from './words.ts'
import type { Completed, Words } from './words.ts'

/** Commands that can be called by themselves. */
const programs = (all: readonly Completed[]): readonly string[] =>
  all.map(({ words }) => words).filter(words => !words.includes(' '))

/** `files`, or `=one,two`. */
const token = (words: Words): string =>
  words.kind === 'these' ? `=${words.words.join(',')}` : words.kind

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

// ---------------------------------------------------------------------------
// bash and zsh
// ---------------------------------------------------------------------------

/** Both read this: what each command takes, as texts. */
const table = (all: readonly Completed[]): string =>
  all
    .map(({ words, commands, options, positionals, isOpen }) => {
      const valued = options.flatMap(option => {
        const value = wordsOfOption(option)
        const count = option.kind === 'pair' ? 2 : 1
        return value === null ? [] : option.names.map(name => `${name}:${count}:${token(value)}`)
      })
      const texts = {
        commands: commands.map(([word]) => word),
        options: options.flatMap(({ names }) => names),
        valued,
        positionals: positionals.map(token),
      }
      const sets = Object.entries(texts).map(([name, list]) => `${name}=${quoted(list.join(' '))}`)
      return `    ${quoted(words)}) ${sets.join(' ')} open=${isOpen ? 1 : 0} ;;\n`
    })
    .join('')

const about = (all: readonly Completed[]): string => `_lithos_about() {
  commands= options= valued= positionals= open=0
  case $1 in
${table(all)}  esac
}
`

const names = `_lithos_names() {
  lithos __names "$@" 2>/dev/null
}
`

export const bashCompletion = (all: readonly Completed[]): string => `# bash completion for lithos

${about(all)}
${names}
# What an option of this command takes: \`COUNT:KIND\`, or nothing.
_lithos_value() {
  local each
  for each in $valued; do
    if [[ $each == "$1:"* ]]; then
      echo "\${each#*:}"
      return
    fi
  done
}

_lithos_offer() {
  local kind=$1 cur=$2
  shift 2
  case $kind in
    files)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directories)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    instances) mapfile -t COMPREPLY < <(compgen -W "$(_lithos_names "$@")" -- "$cur") ;;
    sandboxes)
      kind=$(_lithos_names "$@" sandboxes)
      mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
    =*)
      kind=\${kind#=}
      mapfile -t COMPREPLY < <(compgen -W "\${kind//,/ }" -- "$cur") ;;
  esac
}

_lithos() {
  local cur=\${COMP_WORDS[COMP_CWORD]} key=\${COMP_WORDS[0]##*/}
  local commands options valued positionals open
  local word value i skip=0 taken=0 kind= is_config=0 literal=0
  local -a config=() kinds
  COMPREPLY=()
  [[ $cur == = ]] && cur=
  _lithos_about "$key"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == = ]] && continue
    if ((skip > 0)); then
      ((is_config)) && config=(-C "$word")
      ((skip--))
      is_config=0
      continue
    fi
    if [[ $word == -* && $literal == 0 ]]; then
      [[ $word == -- ]] && literal=1
      value=$(_lithos_value "$word")
      if [[ $value ]]; then
        skip=\${value%%:*}
        kind=\${value#*:}
        [[ $word == -C || $word == --config || $word == --master ]] && is_config=1
      fi
    elif [[ $commands ]]; then
      key="$key $word"
      _lithos_about "$key"
    else
      ((taken++))
    fi
  done
  if ((skip > 0)); then
    _lithos_offer "$kind" "$cur" "\${config[@]}"
  elif [[ $cur == -* && $literal == 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif [[ $commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
  else
    read -ra kinds <<<"$positionals"
    ((open && taken >= \${#kinds[@]})) && taken=$((\${#kinds[@]} - 1))
    _lithos_offer "\${kinds[taken]}" "$cur" "\${config[@]}"
  fi
}

complete -F _lithos ${programs(all).join(' ')}
`

export const zshCompletion = (
  all: readonly Completed[],
): string => `#compdef ${programs(all).join(' ')}

${about(all)}
${names}
_lithos_value() {
  local each
  for each in \${=valued}; do
    if [[ $each == "$1:"* ]]; then
      print -r -- "\${each#*:}"
      return
    fi
  done
}

_lithos_offer() {
  local kind=$1
  shift
  case $kind in
    files) _files ;;
    directories) _files -/ ;;
    instances) compadd -- \${(f)"$(_lithos_names "$@")"} ;;
    sandboxes) compadd -- \${(f)"$(_lithos_names "$@" sandboxes)"} ;;
    '='*) compadd -- \${(s:,:)kind#=} ;;
  esac
}

_lithos() {
  local key=\${words[1]:t} word value kind=
  local commands options valued positionals
  local -i i skip=0 taken=0 is_config=0 literal=0 open=0
  local -a config kinds
  _lithos_about "$key"
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if ((skip > 0)); then
      ((is_config)) && config=(-C "$word")
      ((skip--))
      is_config=0
    elif [[ $word == -* && $literal == 0 ]]; then
      [[ $word == -- ]] && literal=1
      value=$(_lithos_value "$word")
      if [[ -n $value ]]; then
        skip=\${value%%:*}
        kind=\${value#*:}
        [[ $word == -C || $word == --config || $word == --master ]] && is_config=1
      fi
    elif [[ -n $commands ]]; then
      key="$key $word"
      _lithos_about "$key"
    else
      ((taken++))
    fi
  done
  if ((skip > 0)); then
    _lithos_offer "$kind" $config
  elif [[ \${words[CURRENT]} == -* && $literal == 0 ]]; then
    compadd -- \${=options}
  elif [[ -n $commands ]]; then
    compadd -- \${=commands}
  else
    kinds=(\${=positionals})
    ((open && taken >= $#kinds)) && taken=$(($#kinds - 1))
    _lithos_offer "\${kinds[taken + 1]}" $config
  fi
}

_lithos "$@"
`

// ---------------------------------------------------------------------------
// fish
// ---------------------------------------------------------------------------

export const fishCompletion = (all: readonly Completed[]): string => {
  const groups = all.filter(({ commands }) => commands.length > 0)
  return `# fish completion for lithos

function __lithos_is
    set -l words (commandline -opc)
    set -l key (basename -- $words[1])
    for word in $words[2..-1]
        switch $key
${groups
  .map(
    ({ words, commands }) =>
      `            case ${quoted(words)}\n` +
      `                contains -- $word ${commands.map(([word]) => word).join(' ')}\n` +
      `                and set key "$key $word"\n`,
  )
  .join('')}        end
    end
    test "$key" = "$argv[1]"
end

function __lithos_names
    set -l config
    set -l words (commandline -opc)
    for index in (seq 2 (count $words))
        switch $words[$index]
            case -C --config --master
                set config -C $words[(math $index + 1)]
            case '--config=*' '--master=*'
                set config -C (string replace -r '^[^=]*=' '' -- $words[$index])
        end
    end 2>/dev/null
    lithos __names $config $argv 2>/dev/null
end

function __lithos_sandboxes
    __lithos_names sandboxes
end

${all.map(fishLines).join('\n')}`
}

const fishLines = (completed: Completed): string => {
  const { words, commands, options, positionals } = completed
  const program = words.split(' ')[0] ?? words
  const head = `complete -c ${program} -n ${quoted(`__lithos_is ${quoted(words)}`)}`
  const isOfFiles = positionals.some(({ kind }) => kind === 'files' || kind === 'directories')
  const all = positionals.flatMap(value => fishWords(value) ?? [])
  return [
    ...commands.map(([word, summary]) => `${head} -f -a ${word} -d ${quoted(summary)}`),
    ...options.map(option => `${head} ${fishOption(option)} -d ${quoted(firstWords(option.help))}`),
    ...(isOfFiles ? [] : [`${head} -f`]),
    ...all.map(list => `${head} ${isOfFiles ? '' : '-f '}-a ${quoted(list)}`),
    '',
  ].join('\n')
}

const fishOption = (option: Option): string => {
  const names = option.names.map(name =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  )
  const value = wordsOfOption(option)
  if (value === null) return names.join(' ')
  if (value.kind === 'files' || value.kind === 'directories') return `${names.join(' ')} -r -F`
  const list = fishWords(value)
  return `${names.join(' ')} -x${list === null ? '' : ` -a ${quoted(list)}`}`
}

const fishWords = (words: Words): string | null =>
  words.kind === 'these'
    ? words.words.join(' ')
    : words.kind === 'instances'
      ? '(__lithos_names)'
      : words.kind === 'sandboxes'
        ? '(__lithos_sandboxes)'
        : null

/** There is room for some words beside an option. */
const firstWords = (help: string): string => help.split(/[;:.] |,? but /)[0]?.slice(0, 60) ?? ''
