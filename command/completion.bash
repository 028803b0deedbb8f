# Completion of agentcore-gateway-mcp in bash. For this shell, and for each one in ~/.bashrc:
#   source <(agentcore-gateway-mcp completion bash)
_agentcore_gateway_mcp() {
    local line word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]/#\~\//$HOME/}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            [[ $word == "=" ]] && word=
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
            return
        fi
        COMPREPLY+=("${line%%$'\t'*}")
    done < <("$program" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _agentcore_gateway_mcp agentcore-gateway-mcp
