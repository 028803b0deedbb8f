#compdef agentcore-gateway-mcp
# Completion of agentcore-gateway-mcp in zsh. For each shell, in ~/.zshrc after compinit:
#   source <(agentcore-gateway-mcp completion zsh)
# or as a file named _agentcore-gateway-mcp in a directory of $fpath.
_agentcore_gateway_mcp() {
    local line program=${${(Q)words[1]}/#\~\//$HOME/}
    local -a values shown
    for line in ${(f)"$("$program" __complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)"}; do
        if [[ $line == :files ]]; then
            compset -P '*='
            _files
            return
        fi
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    (( $#values )) && compadd -l -d shown -a -- values
}
if [[ $funcstack[1] == _agentcore-gateway-mcp ]]; then
    _agentcore_gateway_mcp "$@"
else
    compdef _agentcore_gateway_mcp agentcore-gateway-mcp
fi
