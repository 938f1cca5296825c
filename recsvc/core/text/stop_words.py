"""English words that hold sentences together and name nothing: articles, pronouns, and the like."""

_BY_CLASS = """
a an the

i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
one ones oneself someone somebody something anyone anybody anything everyone everybody everything
nobody nothing none

this that these those here there such same other others another else own
who whom whose which what whoever whichever whatever when where why how whenever wherever however
whereby wherein whereas whether while whilst

all any both each either every few many more most much neither no nor not only several some
enough less least rather quite too very

about above across after against along alongside amid among amongst around as at before behind
below beneath beside besides between beyond by concerning despite down during except for from in
inside into like near of off on onto out outside over past per since than through throughout till
to toward towards under underneath until up upon versus via with within without

and but or so yet if unless although though because hence thus therefore thereby therein thereof
then otherwise moreover furthermore nevertheless nonetheless instead meanwhile accordingly
consequently indeed namely

am is are was were be been being do does did doing done have has had having
can cannot could may might must ought shall should will would
get gets got become becomes became seem seems seemed

again almost already also always ever even just mostly never now often once perhaps sometimes
somewhat somehow soon still together anyway further due formerly
afterwards elsewhere anywhere everywhere nowhere somewhere

ll ve re eg ie etc et al
"""
# Words end at an apostrophe: of "doesn't" remain "doesn" and a single letter, which never counts.
_NEGATED = "are could did do does had has have is should was were would"

STOP_WORDS = frozenset(_BY_CLASS.split()).union(f"{verb}n" for verb in _NEGATED.split())
