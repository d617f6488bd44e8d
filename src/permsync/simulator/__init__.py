"""
Pretend code hosts and a pretend OpenID provider, for the tests and for the demo.

A `World` (world.py) holds people, hosts, repositories and tokens as plain mutable Python; an ASGI
application (application.py) lets that world answer HTTP as the real hosts would, each kind in a
folder of its own in kinds/. Nothing here may import anything else of permsync: product and
simulator must not be able to share one misunderstanding.

Start with `samples.sample_world()`, `server.serve(world)` and `browser.consent(url, person=...)`.
"""
