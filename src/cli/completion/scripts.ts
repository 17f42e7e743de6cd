/*
 * The shells' halves of completion. Each hands the words up to the cursor to `wherry __complete`, which answers with one
 * candidate a line; where it has none, the shell completes files.
 */

const BASH = `# wherry completion bash: put this into ~/.bashrc:  source <(wherry completion bash)
_wherry() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _wherry wherry
`;

const ZSH = `#compdef wherry
# wherry completion zsh: put this into ~/.zshrc, behind compinit:  source <(wherry completion zsh)
_wherry() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _wherry wherry
`;

const FISH = `# wherry completion fish: put it into a file:  wherry completion fish > ~/.config/fish/completions/wherry.fish
function __wherry_complete
    set -l typed (commandline -opc) (commandline -ct)
    $typed[1] __complete $typed[2..-1] 2>/dev/null
end
complete -c wherry -a '(__wherry_complete)'
`;

const POWERSHELL = `# wherry completion powershell: put this into $PROFILE:  wherry completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName wherry -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() } | Select-Object -Skip 1)
    # A word that is empty or begins with a dash is lost on the way to a program: it goes behind an equals sign.
    & wherry __complete @typed "=$wordToComplete" 2>$null | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`;

export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['bash', BASH],
  ['zsh', ZSH],
  ['fish', FISH],
  ['powershell', POWERSHELL],
]);
