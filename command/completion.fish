# Completion of agentcore-gateway-mcp in fish. For this shell, and for each one in
# ~/.config/fish/config.fish:
#   agentcore-gateway-mcp completion fish | source
function __agentcore_gateway_mcp_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    for line in ($program __complete fish $words "$word" 2>/dev/null </dev/null)
        if test "$line" = :files
            set -l before (string match -r '^-[^=]*=' -- "$word")
            for path in (__fish_complete_path (string replace -r '^-[^=]*=' '' -- "$word"))
                echo "$before$path"
            end
        else
            echo $line
        end
    end
end
complete -c agentcore-gateway-mcp -f -a '(__agentcore_gateway_mcp_complete)'
