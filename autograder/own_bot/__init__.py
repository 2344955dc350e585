"""A stranger's bot, unmodified, on a watched loop against the local gateway: `run BOT`.

In our process:

    run.py           the command: the gateway, the bot's process, the talk, the exit code
    interpreter.py   which Python has the bot's library
    process.py       the bot's process: its environment, its start and its end
    channel.py       receives what the bot's process sends
    lines.py         what people type or a script says: how each line is read
    talk.py          carries out the lines on the gateway
    prompt.py        reads lines from a terminal, with completion, or from a pipe
    account.py       the blocks of the run, by line: what the table and the JSON file say
    telling.py       the sentences that people read

In the bot's process, in the interpreter of its author (Python 3.10 to 3.15):

    front/           the folder that is put in front of the bot's path; its one file starts `inside`
    inside/          points the library at the gateway, keeps Discord out of reach, watches loops
"""
