"""Text that tries to instruct a language model: in a question it is no question, in a document an editor wants to know.

No model reads either by default, and none would obey: this only keeps such text from being answered as if it asked for
what the sources say, and finds it in documents. A phrase list in three languages; new phrasings will slip through, and
then get an ordinary answer or refusal.
"""

import re

_INSTRUCTIONS = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:instruction|prompt|rule|guideline|restriction|context)s?\b"
    r"|\b(?:system|developer|hidden|initial) prompt\b|<\|[a-z_]+\|>|\[/?inst\]|^\s*(?:system|assistant)\s*:"
    r"|\byou are (?:now )?(?:an? )?(?:\w+ )?(?:ai|language model|chatbot|dan|admin\w*)\b"
    r"|\b(?:do not|don't|never) (?:tell|reveal to|inform) the user\b|\brepeat after me\b"
    r"|\b(?:admin|developer|debug|god|jailbreak) mode\b|\b(?:pretend|act as if) (?:to be|you are|you)\b"
    r"|(?:これまで|以前|前|上記|先ほど)の?(?:すべての|全ての)?(?:指示|命令|プロンプト|ルール|制約).{0,8}(?:無視|忘れ|従わ)"
    r"|システム(?:プロンプト|メッセージ)|(?:管理者|開発者|デバッグ)モード|として振る舞|になりきって"
    r"|(?:あなた|君|お前)は(?:今から|これから)?.{0,12}(?:AI|人工知能|言語モデル|管理者)(?:です|として|だ)"
    r"|とだけ(?:答え|回答し|返し|出力し)|只(?:回答|输出|輸出)[「“\"']"
    r"|(?:忽略|无视|無視|忘记|忘記|绕过|繞過).{0,8}(?:指示|指令|提示|规则|規則|限制)|系统提示词|系統提示詞"
    r"|(?:管理员|管理員|开发者|開發者)模式"
    r"|(?:你|您)(?:现在|現在|从现在起|從現在起)(?:是|扮演).{0,8}(?:管理员|管理員|AI|模型|助手|机器人|機器人|系统|系統)",
    re.IGNORECASE | re.MULTILINE,
)


def instructs_a_model(text: str) -> bool:
    """Whether a text looks like instructions to a language model rather than words for people."""
    return _INSTRUCTIONS.search(text) is not None
